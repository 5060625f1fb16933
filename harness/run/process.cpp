#include "harness/run/process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <utility>

extern char** environ;

namespace stormproof::run {
namespace {

std::vector<std::string> environment_with(const std::map<std::string, std::string>& added) {
  std::vector<std::string> all;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    if (!added.contains(std::string(text.substr(0, text.find('='))))) all.emplace_back(text);
  }
  for (const auto& [name, value] : added) all.push_back(name + "=" + value);
  return all;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

// Only what may be called between fork and exec. Tells errno through `report` when it fails.
[[noreturn]] void become(const char* folder, int output, int report, char* const* argv, char* const* envp, pid_t parent) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  signal(SIGPIPE, SIG_DFL);
  const int nothing = open("/dev/null", O_RDONLY);
  if (getppid() == parent && nothing >= 0 && dup2(nothing, 0) >= 0 && dup2(output, 1) >= 0 && dup2(output, 2) >= 0 &&
      (*folder == '\0' || chdir(folder) == 0)) {
    execvpe(argv[0], argv, envp);
  }
  const int error = errno;
  static_cast<void>(!write(report, &error, sizeof error));
  _exit(127);
}

std::string words_for(int status) {
  if (WIFEXITED(status)) return fmt::format("exited with status {}", WEXITSTATUS(status));
  return fmt::format("killed by signal {} ({})", WTERMSIG(status), strsignal(WTERMSIG(status)));
}

}  // namespace

base::Result<std::unique_ptr<Process>> Process::start(const Command& command) {
  if (command.argv.empty()) return base::fail("a command needs at least the name of a program");
  std::vector<std::string> arguments = command.argv;
  std::vector<std::string> environment = environment_with(command.env);
  const std::vector<char*> argv = pointers_to(arguments);
  const std::vector<char*> envp = pointers_to(environment);
  const std::string output_file = command.output.empty() ? "/dev/null" : command.output;
  const int output = open(output_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (output < 0) return base::fail_errno("cannot write the program's output to " + output_file, errno);
  int report[2];
  if (pipe2(report, O_CLOEXEC) != 0) {
    const int error = errno;
    close(output);
    return base::fail_errno("cannot start " + command.argv[0], error);
  }

  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid == 0) become(command.folder.c_str(), output, report[1], argv.data(), envp.data(), parent);
  const int fork_error = errno;
  close(output);
  close(report[1]);
  int error = pid < 0 ? fork_error : 0;
  // The pipe closes at exec: nothing to read means that the program runs.
  if (pid > 0) static_cast<void>(!read(report[0], &error, sizeof error));
  close(report[0]);
  if (error == 0) return std::unique_ptr<Process>(new Process(pid));
  if (pid > 0) waitpid(pid, nullptr, 0);
  const std::string in_folder = command.folder.empty() ? "" : " (in " + command.folder + ")";
  return base::fail_errno(fmt::format("cannot start '{}'{}", command.argv[0], in_folder), error);
}

Process::~Process() { stop(std::chrono::milliseconds(0)); }

std::optional<std::string> Process::ended() {
  if (!status_) {
    int status = 0;
    if (waitpid(pid_, &status, WNOHANG) != pid_) return std::nullopt;
    status_ = status;
  }
  return words_for(*status_);
}

void Process::stop(std::chrono::milliseconds grace) {
  if (ended()) {
    kill(-pid_, SIGKILL);  // what it started and left behind
    return;
  }
  if (grace.count() > 0) {
    kill(-pid_, SIGTERM);
    // A descriptor of the process becomes readable when it ends: no polling loop.
    const int handle = static_cast<int>(syscall(SYS_pidfd_open, pid_, 0));
    if (handle >= 0) {
      pollfd wait{handle, POLLIN, 0};
      poll(&wait, 1, static_cast<int>(grace.count()));
      close(handle);
    }
  }
  kill(-pid_, SIGKILL);
  if (ended()) return;
  int status = 0;
  waitpid(pid_, &status, 0);
  status_ = status;
}

std::string last_lines(const std::string& file, std::size_t lines) {
  std::ifstream in(file);
  std::vector<std::string> kept;
  for (std::string line; std::getline(in, line);) {
    kept.push_back(std::move(line));
    if (kept.size() > lines) kept.erase(kept.begin());
  }
  return fmt::format("{}", fmt::join(kept, "\n"));
}

}  // namespace stormproof::run
