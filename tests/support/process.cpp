#include "tests/support/process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

#include "tests/support/files.h"
#include "tests/support/ports.h"
#include "tests/support/waiting.h"

namespace stormproof::support {
namespace {

std::vector<char*> pointers_to(std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  for (std::string& string : strings) pointers.push_back(string.data());
  pointers.push_back(nullptr);
  return pointers;
}

std::vector<std::string> environment_with(const std::map<std::string, std::string>& added) {
  std::vector<std::string> all;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    if (!added.contains(std::string(text.substr(0, text.find('='))))) all.emplace_back(text);
  }
  for (const auto& [name, value] : added) all.push_back(name + "=" + value);
  return all;
}

struct Launch {
  const char* folder;
  char* const* argv;
  char* const* env;
  int out;
  int err;
  int report;  // gets errno where the program cannot be executed
  pid_t parent;
};

// In the child, between fork and exec: system calls only.
[[noreturn]] void become(const Launch& launch) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != launch.parent) ::_exit(127);  // the parent was gone before prctl
  const int in = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  const bool wired = ::dup2(in, 0) == 0 && ::dup2(launch.out, 1) == 1 && ::dup2(launch.err, 2) == 2;
  if (wired && (*launch.folder == '\0' || ::chdir(launch.folder) == 0))
    ::execvpe(launch.argv[0], launch.argv, launch.env);
  const int cause = errno;
  if (::write(launch.report, &cause, sizeof cause) < 0) ::_exit(126);
  ::_exit(127);
}

Fd create(const std::filesystem::path& path) {
  return Fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
}

}  // namespace

base::Result<Process> Process::start(Options options) {
  if (options.argv.empty()) return base::fail("cannot run a program without a name");
  TempDir output;
  const Fd out = create(output.path() / "out");
  const Fd err = create(output.path() / "err");
  int ends[2] = {-1, -1};
  if (!out.open() || !err.open() || ::pipe2(ends, O_CLOEXEC) != 0)
    return base::fail_errno("cannot start a process", errno);
  const Fd report(ends[0]);
  Fd reporter(ends[1]);

  std::vector<std::string> environment = environment_with(options.env);
  const std::vector<char*> argv = pointers_to(options.argv);
  const std::vector<char*> env = pointers_to(environment);
  const std::string folder = options.folder.string();
  const Launch launch = {folder.c_str(), argv.data(),       env.data(), out.number(),
                         err.number(),   reporter.number(), ::getpid()};
  const pid_t pid = ::fork();
  if (pid < 0) return base::fail_errno("cannot fork", errno);
  if (pid == 0) become(launch);

  ::setpgid(pid, pid);  // here as well: whoever comes first
  Fd watch(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  reporter.close();
  int cause = 0;
  if (::read(report.number(), &cause, sizeof cause) == sizeof cause) {
    ::waitpid(pid, nullptr, 0);
    return base::fail_errno("cannot run " + options.argv.front(), cause);
  }
  return Process(pid, std::move(watch), std::move(output));
}

Process::~Process() {
  if (!watch_.open()) return;
  signal_group(SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

std::optional<int> Process::exit_code_within(std::chrono::milliseconds within) const {
  const auto deadline = std::chrono::steady_clock::now() + within;
  pollfd entry = {.fd = watch_.number(), .events = POLLIN, .revents = 0};
  int ready = 0;
  do ready = ::poll(&entry, 1, milliseconds_until(deadline));
  while (ready < 0 && errno == EINTR);
  if (ready <= 0) return std::nullopt;
  // Not reaped before the destructor: its id, and so its group's, stays ours.
  siginfo_t end = {};
  ::waitid(P_PID, static_cast<id_t>(pid_), &end, WEXITED | WNOWAIT);
  return end.si_code == CLD_EXITED ? end.si_status : 128 + end.si_status;
}

void Process::signal(int number) const { ::kill(pid_, number); }
void Process::signal_group(int number) const { ::kill(-pid_, number); }

int Process::stop(std::chrono::milliseconds within) const {
  signal(SIGTERM);
  if (const auto code = exit_code_within(within)) return *code;
  signal_group(SIGKILL);
  return exit_code_within(std::chrono::hours(1)).value_or(128 + SIGKILL);
}

std::string Process::out() const { return read_file(output_.path() / "out").value_or(""); }
std::string Process::err() const { return read_file(output_.path() / "err").value_or(""); }

base::Result<void> Process::wait_until_listening(std::uint16_t port, std::chrono::milliseconds within) const {
  bool ended = false;
  const bool listening = eventually(within, [&] {
    ended = !running();
    return ended || is_listening(port);
  });
  if (ended)
    return base::fail(fmt::format("the program ended before it listened on port {}: {}{}", port, out(), err()));
  if (!listening)
    return base::fail(fmt::format("the program does not listen on port {} after {} ms", port, within.count()));
  return {};
}

base::Result<Finished> run_to_end(Process::Options options, std::chrono::milliseconds within) {
  const std::string name = options.argv.empty() ? "" : options.argv.front();
  const auto process = Process::start(std::move(options));
  if (!process) return std::unexpected(process.error());
  const auto code = process->exit_code_within(within);
  if (!code) return base::fail(fmt::format("{} has not ended after {} ms: {}", name, within.count(), process->err()));
  return Finished{*code, process->out(), process->err()};
}

}  // namespace stormproof::support
