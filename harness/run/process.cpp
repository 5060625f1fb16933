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
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
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

// Nothing of the harness but standard input and output goes to the program: a listening socket that it inherited would
// stay open after the harness has closed it.
void keep_from_children() {
  constexpr unsigned first = 3;
  constexpr unsigned on_exec = 1U << 2U;  // CLOSE_RANGE_CLOEXEC
  if (syscall(SYS_close_range, first, ~0U, on_exec) == 0) return;
  constexpr int checked_max = 65536;  // Linux before 5.11: one by one
  const int last = static_cast<int>(std::min<long>(sysconf(_SC_OPEN_MAX), checked_max));
  for (int fd = first; fd < last; ++fd) fcntl(fd, F_SETFD, FD_CLOEXEC);
}

// Only what may be called between fork and exec. Tells errno through `report` when it fails.
[[noreturn]] void become(const char* folder, int output, int report, char* const* argv, char* const* envp,
                         pid_t parent) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(127);  // it died before prctl
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  for (int signal_number = 1; signal_number < NSIG; ++signal_number) signal(signal_number, SIG_DFL);
  const int nothing = open("/dev/null", O_RDONLY);
  if (nothing >= 0 && dup2(nothing, 0) >= 0 && dup2(output, 1) >= 0 && dup2(output, 2) >= 0 &&
      (*folder == '\0' || chdir(folder) == 0)) {
    keep_from_children();
    execvpe(argv[0], argv, envp);
  }
  const int error = errno;
  static_cast<void>(!write(report, &error, sizeof error));
  _exit(127);
}

// What `call` returns when no signal has come in between.
template <typename Call>
auto without_interruption(Call call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

std::string words_for(const siginfo_t& end) {
  if (end.si_code == CLD_EXITED) return fmt::format("exited with status {}", end.si_status);
  return fmt::format("killed by signal {} ({})", end.si_status, strsignal(end.si_status));
}

// Waits until the process has ended, at most for `grace`.
void wait_for_end(pid_t pid, std::chrono::milliseconds grace) {
  // A descriptor of the process becomes readable when it ends: no polling loop.
  const int handle = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
  if (handle < 0) return;
  const auto until = std::chrono::steady_clock::now() + grace;
  pollfd wait{handle, POLLIN, 0};
  int ready = -1;
  do {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    ready =
        poll(&wait, 1, static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, std::numeric_limits<int>::max())));
  } while (ready < 0 && errno == EINTR);
  close(handle);
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
  if (pid > 0) without_interruption([&] { return read(report[0], &error, sizeof error); });
  close(report[0]);
  if (error == 0) return std::unique_ptr<Process>(new Process(pid));
  if (pid > 0) without_interruption([&] { return waitpid(pid, nullptr, 0); });
  const std::string in_folder = command.folder.empty() ? "" : " (in " + command.folder + ")";
  return base::fail_errno(fmt::format("cannot start '{}'{}", command.argv[0], in_folder), error);
}

Process::~Process() { stop(std::chrono::milliseconds(0)); }

// The process is not reaped before stop(): until then its number, and so its group's, is no other's.
std::optional<std::string> Process::ended() {
  if (!end_) {
    siginfo_t end = {};
    const int waited =
        without_interruption([&] { return waitid(P_PID, static_cast<id_t>(pid_), &end, WEXITED | WNOHANG | WNOWAIT); });
    if (waited != 0 || end.si_pid != pid_) return std::nullopt;
    end_ = words_for(end);
  }
  return end_;
}

void Process::stop(std::chrono::milliseconds grace) {
  if (reaped_) return;
  if (grace.count() > 0 && !ended()) {
    kill(-pid_, SIGTERM);
    wait_for_end(pid_, grace);
  }
  kill(-pid_, SIGKILL);  // also what a program that has ended left behind
  siginfo_t end = {};
  without_interruption([&] { return waitid(P_PID, static_cast<id_t>(pid_), &end, WEXITED | WNOWAIT); });
  if (!end_) end_ = words_for(end);
  without_interruption([&] { return waitpid(pid_, nullptr, 0); });
  reaped_ = true;
}

std::string program_of(const std::string& name, const std::string& folder) {
  namespace fs = std::filesystem;
  if (name.contains('/')) return (fs::path(folder) / name).string();
  const char* const path = std::getenv("PATH");
  std::string_view rest = path == nullptr ? "/bin:/usr/bin" : path;  // as execvp(3)
  while (true) {
    const std::size_t end = std::min(rest.find(':'), rest.size());
    const fs::path candidate = fs::path(folder) / rest.substr(0, end) / name;
    if (access(candidate.c_str(), X_OK) == 0 && fs::is_regular_file(candidate)) return candidate.string();
    if (end == rest.size()) return "";
    rest.remove_prefix(end + 1);
  }
}

std::string last_lines(const std::string& file, std::size_t lines) {
  std::ifstream in(file, std::ios::binary | std::ios::ate);
  if (!in || lines == 0) return "";
  const auto size = static_cast<std::uint64_t>(in.tellg());
  in.seekg(static_cast<std::streamoff>(size - std::min<std::uint64_t>(size, last_bytes_max)));
  std::string text(std::istreambuf_iterator<char>(in), {});
  while (text.ends_with('\n')) text.pop_back();
  std::size_t from = text.size();
  for (std::size_t left = lines; left > 0 && from != text.npos && from > 0; --left) from = text.rfind('\n', from - 1);
  return from == text.npos || from == 0 ? text : text.substr(from + 1);
}

}  // namespace stormproof::run
