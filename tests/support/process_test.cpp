#include "tests/support/process.h"

#include <gtest/gtest.h>

#include <memory>

#include "tests/support/files.h"
#include "tests/support/ports.h"
#include "tests/support/raw_server.h"
#include "tests/support/waiting.h"

namespace stormproof::support {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Process::Options shell(std::string script) { return {.argv = {"sh", "-c", std::move(script)}}; }

Process start(Process::Options options) {
  auto process = Process::start(std::move(options));
  EXPECT_TRUE(process.has_value());
  return std::move(*process);
}

bool alive(pid_t pid) { return ::kill(pid, 0) == 0; }

// A child that was killed is a zombie of its new parent for an instant; gone or zombie is both ended.
bool ended(pid_t pid) {
  const auto stat = read_file("/proc/" + std::to_string(pid) + "/stat");
  return !stat || stat->find(") Z ") != std::string::npos;
}

TEST(Process, GivesOutputErrorAndExitCode) {
  const auto done = run_to_end(shell("echo to out; echo to err >&2; exit 7")).value();
  EXPECT_EQ(done.exit_code, 7);
  EXPECT_EQ(done.out, "to out\n");
  EXPECT_EQ(done.err, "to err\n");
}

TEST(Process, PassesArgumentsEnvironmentAndFolder) {
  const TempDir dir;
  auto options = shell("printf '%s|%s|' \"$1\" \"$GREETING\"; pwd");
  options.argv.insert(options.argv.end(), {"name", "a b'\"$c"});
  options.env["GREETING"] = "hello";
  options.folder = dir.path();
  const auto done = run_to_end(std::move(options)).value();
  EXPECT_EQ(done.out, "a b'\"$c|hello|" + std::filesystem::canonical(dir.path()).string() + "\n");
}

TEST(Process, AnAddedVariableReplacesTheCallersOwn) {
  ::setenv("STORMPROOF_TEST_WORD", "old", 1);
  auto options = shell("env | grep STORMPROOF_TEST_WORD");
  options.env["STORMPROOF_TEST_WORD"] = "new";
  EXPECT_EQ(run_to_end(std::move(options)).value().out, "STORMPROOF_TEST_WORD=new\n");
  ::unsetenv("STORMPROOF_TEST_WORD");
}

TEST(Process, HasAnEmptyStandardInput) { EXPECT_EQ(run_to_end({.argv = {"cat"}}).value().exit_code, 0); }

TEST(Process, SaysWhatCannotBeRun) {
  EXPECT_EQ(Process::start({.argv = {"/no/such/program"}}).error().message,
            "cannot run /no/such/program: No such file or directory");
  EXPECT_FALSE(Process::start({.argv = {}}).has_value());
  EXPECT_FALSE(Process::start({.argv = {"true"}, .folder = "/no/such/folder"}).has_value());
}

TEST(Process, ASignalThatEndedItIsInItsExitCode) {
  const auto process = start(shell("kill -SEGV $$"));
  EXPECT_EQ(process.exit_code_within(seconds(10)), 128 + SIGSEGV);
  EXPECT_EQ(process.exit_code_within(seconds(10)), 128 + SIGSEGV) << "the code stays readable";
}

TEST(Process, StopsWithATermSignal) {
  const auto process = start(shell("trap 'echo bye; exit 3' TERM; echo ready; while true; do :; done"));
  ASSERT_TRUE(eventually(seconds(10), [&] { return process.out() == "ready\n"; }));
  EXPECT_TRUE(process.running());
  EXPECT_FALSE(process.exit_code_within(milliseconds(1)).has_value());
  EXPECT_EQ(process.stop(), 3);
  EXPECT_FALSE(process.running());
  EXPECT_EQ(process.out(), "ready\nbye\n");
}

TEST(Process, KillsWhatDoesNotHearTheTermSignal) {
  const auto process = start(shell("trap '' TERM; echo ready; while true; do :; done"));
  ASSERT_TRUE(eventually(seconds(10), [&] { return process.out() == "ready\n"; }));
  EXPECT_EQ(process.stop(milliseconds(20)), 128 + SIGKILL);
}

TEST(Process, ItsEndTakesTheWholeGroupWithIt) {
  pid_t grandchild = 0;
  {
    const auto process = start(shell("tail -f /dev/null & echo $!; wait"));
    ASSERT_TRUE(eventually(seconds(10), [&] { return process.out().ends_with("\n"); }));
    grandchild = std::stoi(process.out());
    ASSERT_TRUE(alive(grandchild));
  }
  EXPECT_TRUE(eventually(seconds(10), [&] { return ended(grandchild); }));
}

TEST(Process, ItsEndTakesTheGroupWithItEvenAfterTheLeader) {
  pid_t grandchild = 0;
  {
    const auto process = start(shell("tail -f /dev/null & echo $!"));
    ASSERT_EQ(process.exit_code_within(seconds(10)), 0);
    grandchild = std::stoi(process.out());
    ASSERT_TRUE(alive(grandchild));
  }
  EXPECT_TRUE(eventually(seconds(10), [&] { return ended(grandchild); }));
}

TEST(Process, MovedItHasOneOwner) {
  auto first = std::make_unique<Process>(start(shell("tail -f /dev/null")));
  const Process second = std::move(*first);
  first.reset();
  EXPECT_TRUE(second.running());
}

TEST(Process, RunToEndHasALimit) {
  const auto result = run_to_end(shell("echo stuck >&2; exec tail -f /dev/null"), milliseconds(300));
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().message, "sh has not ended after 300 ms: stuck\n");
}

TEST(Process, WaitingForItsPortEndsWhenItEnds) {
  const auto process = start(shell("echo port in use >&2; exit 4"));
  const std::uint16_t port = free_port();
  EXPECT_EQ(process.wait_until_listening(port).error().message,
            "the program ended before it listened on port " + std::to_string(port) + ": port in use\n");
}

TEST(Process, WaitingForItsPortEndsWhenItListens) {
  const RawServer server([](RawConnection&) {});
  const auto process = start(shell("exec tail -f /dev/null"));
  EXPECT_TRUE(process.wait_until_listening(server.port()).has_value());
  EXPECT_FALSE(process.wait_until_listening(free_port(), milliseconds(5)).has_value());
}

}  // namespace
}  // namespace stormproof::support
