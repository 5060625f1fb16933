#include "harness/run/healing.h"

#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <thread>

#include "faults/journal.h"

extern char** environ;

namespace stormproof::run {
namespace {

std::string words_of(const faults::Undo& undo) {
  switch (undo.kind) {
    case faults::Undo::Kind::resume: return fmt::format("{}: process {} goes on", undo.rule, undo.pid);
    case faults::Undo::Kind::open_files:
      return fmt::format("{}: the limits of process {} are as before", undo.rule, undo.pid);
    case faults::Undo::Kind::cgroup: return fmt::format("{}: the cgroup {} is gone", undo.rule, undo.path);
    case faults::Undo::Kind::command:
      return fmt::format("{}: '{}' was run", undo.rule, undo.argv.empty() ? "" : undo.argv.front());
  }
  return undo.rule;
}

}  // namespace

base::Result<Healed> heal(const std::string& journal) {
  const auto entries = faults::pending(journal);
  if (!entries) return std::unexpected(entries.error());
  Healed healed;
  if (entries->empty()) {
    std::error_code ignored;  // it may never have been made
    std::filesystem::remove(journal, ignored);
    return healed;
  }
  auto opened = faults::Journal::open(journal);
  if (!opened) return std::unexpected(opened.error());
  for (const faults::PendingUndo& one : *entries) {
    const auto undone = faults::undo(one.undo);
    if (!undone) {
      healed.failed.push_back(one.undo.rule + ": " + undone.error().message);
      continue;
    }
    healed.undone.push_back(words_of(one.undo));
    if (const auto noted = opened->done(one.number); !noted) return std::unexpected(noted.error());
  }
  if (healed.clean()) {
    std::error_code ignored;
    std::filesystem::remove(journal, ignored);
  }
  return healed;
}

base::Result<Healed> heal_after(pid_t harness, const std::string& journal) {
  constexpr std::chrono::milliseconds look_every{50};  // where the kernel has no pidfd
  const int handle = static_cast<int>(syscall(SYS_pidfd_open, harness, 0));
  if (handle >= 0) {
    pollfd wait{handle, POLLIN, 0};
    while (poll(&wait, 1, -1) < 0 && errno == EINTR) continue;
    close(handle);
  } else {
    const std::uint64_t started = faults::started_at(harness);
    while (started != 0 && faults::started_at(harness) == started) std::this_thread::sleep_for(look_every);
  }
  return heal(journal);
}

base::Result<pid_t> start_watchdog(const std::string& program, const std::string& journal) {
  std::array<std::string, 5> words = {program, "heal", "--watch", std::to_string(getpid()), journal};
  std::array<char*, 6> argv = {words[0].data(), words[1].data(), words[2].data(),
                               words[3].data(), words[4].data(), nullptr};
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  for (const int descriptor : {0, 1, 2})
    posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", descriptor == 0 ? 0 : 1, 0);
  posix_spawn_file_actions_addclosefrom_np(&actions, 3);
  pid_t pid = 0;
  const int error = posix_spawn(&pid, program.c_str(), &actions, &attributes, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (error != 0) return base::fail_errno("cannot start the watchdog " + program, error);
  return pid;
}

}  // namespace stormproof::run
