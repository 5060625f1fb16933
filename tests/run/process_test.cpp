#include "harness/run/process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <string>
#include <thread>

#include "tests/support/fd.h"
#include "tests/support/files.h"
#include "tests/support/temp_dir.h"
#include "tests/support/waiting.h"

namespace stormproof::run {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Clock = std::chrono::steady_clock;

constexpr milliseconds long_grace = seconds(30);
constexpr milliseconds soon = seconds(10);  // how long a test waits for what should come at once

// No such process, or one that only waits for its parent to look.
bool is_gone(pid_t pid) {
  std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
  std::string text;
  if (!std::getline(stat, text)) return true;
  const char state = text[text.rfind(')') + 2];
  return state == 'Z' || state == 'X';
}

class ProcessTest : public testing::Test {
 protected:
  // A shell that runs `script`.
  Command shell(const std::string& script) const {
    return {.argv = {"sh", "-c", script}, .env = {}, .folder = "", .output = output_};
  }

  std::unique_ptr<Process> run(const Command& command) {
    auto started = Process::start(command);
    EXPECT_TRUE(started) << started.error().message;
    return started ? std::move(*started) : nullptr;
  }

  std::string output() const { return support::read_file(output_).value_or(""); }
  bool wait_for_output(const std::string& text) const {
    return support::eventually(soon, [&] { return output().find(text) != std::string::npos; });
  }
  static std::string end_of(Process& process) {
    EXPECT_TRUE(support::eventually(soon, [&] { return process.ended().has_value(); }));
    return process.ended().value_or("runs");
  }
  // A pid that the program wrote as its output.
  pid_t written_pid() const {
    EXPECT_TRUE(wait_for_output("\n"));
    return std::stoi(output());
  }

  support::TempDir folder_;
  std::string output_ = (folder_.path() / "output").string();
};

TEST_F(ProcessTest, RunsAProgramFromThePathWithItsArguments) {
  const auto process =
      run({.argv = {"printf", "%s|", "a b", "", "*", "\"q\""}, .env = {}, .folder = "", .output = output_});
  EXPECT_EQ(end_of(*process), "exited with status 0");
  EXPECT_EQ(output(), "a b||*|\"q\"|");
}

TEST_F(ProcessTest, OutputAndErrorsAreAppendedToTheFile) {
  ASSERT_TRUE(support::write_file(output_, "before\n"));
  const auto process = run(shell("echo out; echo err >&2"));
  EXPECT_EQ(end_of(*process), "exited with status 0");
  EXPECT_EQ(output(), "before\nout\nerr\n");
}

TEST_F(ProcessTest, WithoutAFileItsOutputGoesNowhere) {
  Command command = shell("echo lost");
  command.output = "";
  EXPECT_EQ(end_of(*run(command)), "exited with status 0");
}

TEST_F(ProcessTest, AddsToTheEnvironmentAndReplacesInIt) {
  ASSERT_EQ(::setenv("STORMPROOF_TEST_KEPT", "kept", 1), 0);
  ASSERT_EQ(::setenv("STORMPROOF_TEST_OLD", "old", 1), 0);
  Command command =
      shell("echo $STORMPROOF_TEST_KEPT $STORMPROOF_TEST_OLD $STORMPROOF_TEST_NEW; env | grep -c STORMPROOF_TEST_OLD");
  command.env = {{"STORMPROOF_TEST_OLD", "replaced"}, {"STORMPROOF_TEST_NEW", "a=b c"}};
  EXPECT_EQ(end_of(*run(command)), "exited with status 0");
  EXPECT_EQ(output(), "kept replaced a=b c\n1\n");
}

TEST_F(ProcessTest, RunsInItsFolder) {
  Command command = shell("pwd -P");
  command.folder = folder_.path().string();
  EXPECT_EQ(end_of(*run(command)), "exited with status 0");
  EXPECT_EQ(output(), std::filesystem::canonical(folder_.path()).string() + "\n");
}

TEST_F(ProcessTest, AProgramBesideTheScenarioIsFoundThere) {
  const auto program = folder_.path() / "service";
  ASSERT_TRUE(support::write_file(program, "#!/bin/sh\necho here\n"));
  std::filesystem::permissions(program, std::filesystem::perms::owner_all);
  EXPECT_EQ(end_of(*run({.argv = {"./service"}, .env = {}, .folder = folder_.path().string(), .output = output_})),
            "exited with status 0");
  EXPECT_EQ(output(), "here\n");
}

TEST_F(ProcessTest, ItsStandardInputIsEmpty) {
  EXPECT_EQ(end_of(*run({.argv = {"cat"}, .env = {}, .folder = "", .output = output_})), "exited with status 0");
  EXPECT_EQ(output(), "");
}

TEST_F(ProcessTest, SaysHowItEnded) {
  EXPECT_EQ(end_of(*run(shell("exit 3"))), "exited with status 3");
  EXPECT_EQ(end_of(*run(shell("kill -KILL $$"))), "killed by signal 9 (Killed)");
  EXPECT_EQ(end_of(*run(shell("kill -SEGV $$"))), "killed by signal 11 (Segmentation fault)");
}

TEST_F(ProcessTest, WhatCannotBeStartedSaysWhy) {
  const auto message = [](const Command& command) {
    const auto started = Process::start(command);
    return started ? "started" : started.error().message;
  };
  EXPECT_EQ(message({.argv = {}, .env = {}, .folder = "", .output = ""}),
            "a command needs at least the name of a program");
  EXPECT_EQ(message({.argv = {"no-such-program-anywhere"}, .env = {}, .folder = "", .output = ""}),
            "cannot start 'no-such-program-anywhere': No such file or directory");
  EXPECT_EQ(message({.argv = {"./x"}, .env = {}, .folder = "/no/such/folder", .output = ""}),
            "cannot start './x' (in /no/such/folder): No such file or directory");
  EXPECT_EQ(message({.argv = {"/"}, .env = {}, .folder = "", .output = ""}), "cannot start '/': Permission denied");
  EXPECT_EQ(message({.argv = {"true"}, .env = {}, .folder = "", .output = "/no/such/folder/log"}),
            "cannot write the program's output to /no/such/folder/log: No such file or directory");
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "no child is left behind";
}

TEST_F(ProcessTest, StopLetsItEndInPeace) {
  const auto process =
      run(shell("trap 'echo bye; exit 7' TERM; echo ready; while :; do tail -f /dev/null & wait $!; done"));
  ASSERT_TRUE(wait_for_output("ready"));
  EXPECT_FALSE(process->ended());
  const auto begun = Clock::now();
  process->stop(long_grace);
  EXPECT_LT(Clock::now() - begun, long_grace) << "it does not wait longer than the program needs";
  EXPECT_EQ(process->ended(), "exited with status 7");
  EXPECT_TRUE(output().ends_with("bye\n")) << output();
}

TEST_F(ProcessTest, StopKillsWhatDoesNotEnd) {
  const auto process = run(shell("trap '' TERM; echo ready; while :; do tail -f /dev/null & wait $!; done"));
  ASSERT_TRUE(wait_for_output("ready"));
  const auto begun = Clock::now();
  process->stop(milliseconds(60));
  EXPECT_GE(Clock::now() - begun, milliseconds(60)) << "it had its time";
  EXPECT_EQ(process->ended(), "killed by signal 9 (Killed)");
  EXPECT_TRUE(is_gone(process->pid()));
}

TEST_F(ProcessTest, StopWithoutGraceKillsAtOnce) {
  const auto process = run(shell("trap 'echo never' TERM; echo ready; while :; do tail -f /dev/null & wait $!; done"));
  ASSERT_TRUE(wait_for_output("ready"));
  process->stop(milliseconds(0));
  EXPECT_EQ(process->ended(), "killed by signal 9 (Killed)");
  EXPECT_EQ(output(), "ready\n");
}

TEST_F(ProcessTest, StopMayBeCalledAgainAndKeepsTheFirstEnd) {
  const auto process = run(shell("exit 4"));
  EXPECT_EQ(end_of(*process), "exited with status 4");
  process->stop(long_grace);
  process->stop(milliseconds(0));
  EXPECT_EQ(process->ended(), "exited with status 4");
}

TEST_F(ProcessTest, WhatItStartedEndsWithIt) {
  const auto process = run(shell("tail -f /dev/null & echo $!; wait"));
  const pid_t grandchild = written_pid();
  EXPECT_FALSE(is_gone(grandchild));
  process->stop(milliseconds(0));
  EXPECT_TRUE(support::eventually(soon, [&] { return is_gone(grandchild); }));
}

TEST_F(ProcessTest, WhatItLeftBehindIsKilledToo) {
  const auto process = run(shell("tail -f /dev/null & echo $!"));
  EXPECT_EQ(end_of(*process), "exited with status 0");
  const pid_t grandchild = written_pid();
  EXPECT_FALSE(is_gone(grandchild));
  process->stop(long_grace);
  EXPECT_TRUE(support::eventually(soon, [&] { return is_gone(grandchild); }));
  EXPECT_EQ(process->ended(), "exited with status 0");
}

// Until stop() its number is taken, whatever was asked before: no group of somebody else can be hit.
TEST_F(ProcessTest, ItsNumberIsKeptUntilItIsStopped) {
  const auto process = run(shell("exit 0"));
  EXPECT_EQ(end_of(*process), "exited with status 0");
  EXPECT_EQ(::kill(process->pid(), 0), 0) << "ended, and not yet reaped";
  process->stop(milliseconds(0));
  EXPECT_EQ(::kill(process->pid(), 0), -1);
}

TEST_F(ProcessTest, ItsOwnerTakesItAlong) {
  pid_t pid = 0;
  {
    const auto process = run(shell("tail -f /dev/null"));
    pid = process->pid();
    EXPECT_FALSE(is_gone(pid));
  }
  EXPECT_TRUE(is_gone(pid));
}

TEST_F(ProcessTest, ItDiesWithTheThreadThatStartedIt) {
  std::unique_ptr<Process> process;
  std::thread starter(
      [&] { process = run({.argv = {"tail", "-f", "/dev/null"}, .env = {}, .folder = "", .output = output_}); });
  starter.join();
  EXPECT_EQ(end_of(*process), "killed by signal 9 (Killed)");
}

// A socket that a service inherited would go on listening after the harness has closed it.
TEST_F(ProcessTest, InheritsNoDescriptor) {
  const support::Fd socket(::socket(AF_INET, SOCK_STREAM, 0));
  ASSERT_TRUE(socket.open());
  constexpr int high = 201;
  ASSERT_EQ(::dup2(socket.number(), high), high);
  const support::Fd copy(high);
  ASSERT_EQ(::fcntl(high, F_GETFD), 0) << "without close-on-exec, as asio makes them";
  const auto process = run({.argv = {"ls", "/proc/self/fd"}, .env = {}, .folder = "", .output = output_});
  EXPECT_EQ(end_of(*process), "exited with status 0");
  EXPECT_EQ(output(), "0\n1\n2\n3\n") << "3 is the folder that ls reads";
}

TEST_F(ProcessTest, SignalsThatTheHarnessIgnoresAreItsOwnAgain) {
  const auto before = ::signal(SIGINT, SIG_IGN);
  sigset_t blocked, old;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGINT);
  ::sigprocmask(SIG_BLOCK, &blocked, &old);
  const auto process = run(shell("kill -INT $$; echo survived"));
  ::sigprocmask(SIG_SETMASK, &old, nullptr);
  ::signal(SIGINT, before);
  EXPECT_EQ(end_of(*process), "killed by signal 2 (Interrupt)");
  EXPECT_EQ(output(), "");
}

// Signals that come all the time, for a program that handles them (Ctrl-C, children that end).
class Ticking {
 public:
  Ticking() {
    struct sigaction action = {};
    action.sa_handler = [](int) {};
    ::sigaction(SIGALRM, &action, &before_);
    const itimerval often = {{0, 500}, {0, 500}};
    ::setitimer(ITIMER_REAL, &often, nullptr);
  }
  ~Ticking() {
    const itimerval never = {};
    ::setitimer(ITIMER_REAL, &never, nullptr);
    ::sigaction(SIGALRM, &before_, nullptr);
  }

 private:
  struct sigaction before_ = {};
};

TEST_F(ProcessTest, SignalsDoNotDisturbIt) {
  const auto stubborn = run(shell("trap '' TERM; echo ready; while :; do tail -f /dev/null & wait $!; done"));
  ASSERT_TRUE(wait_for_output("ready"));
  const Ticking ticking;
  for (int i = 0; i < 20; ++i) {
    const auto missing = Process::start({.argv = {"no-such-program-anywhere"}, .env = {}, .folder = "", .output = ""});
    ASSERT_FALSE(missing);
    const auto process = run(shell("exit 5"));
    process->stop(milliseconds(0));
    ASSERT_TRUE(process->ended());
  }
  const auto begun = Clock::now();
  stubborn->stop(milliseconds(60));
  EXPECT_GE(Clock::now() - begun, milliseconds(60)) << "a signal does not end its grace";
  EXPECT_EQ(stubborn->ended(), "killed by signal 9 (Killed)");
}

TEST_F(ProcessTest, TheProgramThatANameMeans) {
  EXPECT_EQ(program_of("/bin/sh", "/anywhere"), "/bin/sh");
  EXPECT_EQ(program_of("./shop", folder_.path().string()), (folder_.path() / "./shop").string());
  EXPECT_TRUE(program_of("sh", "").ends_with("/sh")) << "as PATH says";
  EXPECT_EQ(program_of("no-such-program-anywhere", ""), "");
}

TEST_F(ProcessTest, LastLines) {
  const auto last = [&](const std::string& text, std::size_t lines) {
    EXPECT_TRUE(support::write_file(output_, text));
    return last_lines(output_, lines);
  };
  EXPECT_EQ(last("a\nb\nc\n", 2), "b\nc");
  EXPECT_EQ(last("a\nb\nc", 2), "b\nc");
  EXPECT_EQ(last("a\nb\n", 2), "a\nb");
  EXPECT_EQ(last("a\nb\n", 5), "a\nb");
  EXPECT_EQ(last("\na\n\nb\n", 2), "\nb");
  EXPECT_EQ(last("\na\n", 5), "\na");
  EXPECT_EQ(last("a\n\n\n", 1), "a") << "empty lines at the end say nothing";
  EXPECT_EQ(last("a\n", 0), "");
  EXPECT_EQ(last("\n\n", 3), "");
  EXPECT_EQ(last("", 3), "");
  EXPECT_EQ(last_lines((folder_.path() / "absent").string(), 3), "");
  EXPECT_EQ(last(std::string(1 << 20, 'x'), 3), std::string(last_bytes_max, 'x'));
  EXPECT_EQ(last(std::string(1 << 20, 'x') + "\nend\n", 1), "end");
}

}  // namespace
}  // namespace stormproof::run
