#include "faults/journal.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <thread>
#include <utility>

extern char** environ;

namespace stormproof::faults {
namespace {

constexpr std::array<std::string_view, 4> kind_names = {"resume", "open-files", "cgroup", "command"};
constexpr std::chrono::seconds command_within{30};
constexpr std::chrono::milliseconds look_every{10};

std::string line_of(std::uint64_t number, const Undo& entry) {
  boost::json::object line = {{"undo", number},
                              {"kind", kind_names[static_cast<std::size_t>(entry.kind)]},
                              {"rule", entry.rule},
                              {"pid", entry.pid},
                              {"pid_started", entry.pid_started},
                              {"soft_limit", entry.soft_limit},
                              {"path", entry.path},
                              {"argv", boost::json::value_from(entry.argv)},
                              {"folder", entry.folder}};
  return boost::json::serialize(line);
}

Undo entry_of(const boost::json::object& line) {
  Undo entry;
  const std::string kind = boost::json::value_to<std::string>(line.at("kind"));
  const auto found = std::ranges::find(kind_names, kind);
  entry.kind = static_cast<Undo::Kind>(std::min<std::ptrdiff_t>(found - kind_names.begin(), 3));
  entry.rule = boost::json::value_to<std::string>(line.at("rule"));
  entry.pid = static_cast<pid_t>(line.at("pid").to_number<std::int64_t>());
  entry.pid_started = line.at("pid_started").to_number<std::uint64_t>();
  entry.soft_limit = line.at("soft_limit").to_number<std::uint64_t>();
  entry.path = boost::json::value_to<std::string>(line.at("path"));
  entry.argv = boost::json::value_to<std::vector<std::string>>(line.at("argv"));
  entry.folder = boost::json::value_to<std::string>(line.at("folder"));
  return entry;
}

// Nothing: a line that is torn.
std::optional<boost::json::object> object_of(const std::string& line) {
  boost::json::error_code error;
  boost::json::value value = boost::json::parse(line, error);
  if (error || !value.is_object()) return std::nullopt;
  return value.as_object();
}

// 'T' while it is stopped; 0: there is none.
char state_of(pid_t pid) {
  std::ifstream file(fmt::format("/proc/{}/stat", pid));
  std::string text((std::istreambuf_iterator<char>(file)), {});
  const std::size_t end = text.rfind(')');
  return end == text.npos || end + 2 >= text.size() ? '\0' : text[end + 2];
}

base::Result<void> resume(const Undo& entry) {
  if (kill(-entry.pid, SIGCONT) != 0 && kill(entry.pid, SIGCONT) != 0 && errno != ESRCH)
    return base::fail_errno(fmt::format("cannot resume process {}", entry.pid), errno);
  for (int i = 0; i < 100 && state_of(entry.pid) == 'T'; ++i) std::this_thread::sleep_for(look_every);
  if (state_of(entry.pid) == 'T') return base::fail(fmt::format("process {} is still stopped", entry.pid));
  return {};
}

base::Result<void> restore_open_files(const Undo& entry) {
  rlimit limit = {};
  if (prlimit(entry.pid, RLIMIT_NOFILE, nullptr, &limit) != 0)
    return base::fail_errno(fmt::format("cannot read the limits of process {}", entry.pid), errno);
  limit.rlim_cur = entry.soft_limit;
  if (prlimit(entry.pid, RLIMIT_NOFILE, &limit, nullptr) != 0)
    return base::fail_errno(fmt::format("cannot restore the limits of process {}", entry.pid), errno);
  return {};
}

// What lives in it goes back to the root, then it is taken away.
base::Result<void> remove_cgroup(const Undo& entry) {
  namespace fs = std::filesystem;
  std::error_code error;
  if (!fs::exists(entry.path, error)) return {};
  std::ifstream members(fs::path(entry.path) / "cgroup.procs");
  for (std::string pid; std::getline(members, pid);)
    std::ofstream(fs::path(entry.path).parent_path() / "cgroup.procs") << pid;
  for (int i = 0; i < 100 && ::rmdir(entry.path.c_str()) != 0 && errno != ENOENT; ++i) std::this_thread::sleep_for(look_every);
  if (fs::exists(entry.path, error)) return base::fail(fmt::format("the cgroup {} cannot be removed", entry.path));
  return {};
}

base::Result<void> run(const Undo& entry) {
  std::vector<std::string> words = {"/bin/sh", "-c", "cd -- \"$0\" && exec \"$@\"", entry.folder.empty() ? "." : entry.folder};
  words.insert(words.end(), entry.argv.begin(), entry.argv.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  pid_t pid = 0;
  if (const int error = posix_spawn(&pid, "/bin/sh", nullptr, nullptr, argv.data(), environ); error != 0)
    return base::fail_errno("cannot run the command that heals", error);
  const auto until = std::chrono::steady_clock::now() + command_within;
  int status = 0;
  while (waitpid(pid, &status, WNOHANG) == 0) {
    if (std::chrono::steady_clock::now() > until) {
      kill(pid, SIGKILL);
      waitpid(pid, &status, 0);
      return base::fail(fmt::format("the command that heals, {}, has not ended within 30 s", entry.argv.front()));
    }
    std::this_thread::sleep_for(look_every);
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    return base::fail(fmt::format("the command that heals, {}, failed", entry.argv.front()));
  return {};
}

}  // namespace

std::uint64_t started_at(pid_t pid) {
  std::ifstream file(fmt::format("/proc/{}/stat", pid));
  std::string text((std::istreambuf_iterator<char>(file)), {});
  const std::size_t end = text.rfind(')');  // the name before it may hold anything
  if (end == text.npos) return 0;
  std::istringstream rest(text.substr(end + 1));
  std::string field;
  for (int number = 3; number <= 22; ++number) rest >> field;
  return std::strtoull(field.c_str(), nullptr, 10);
}

base::Result<void> undo(const Undo& entry) {
  const bool of_process = entry.kind == Undo::Kind::resume || entry.kind == Undo::Kind::open_files;
  if (of_process && (entry.pid <= 0 || started_at(entry.pid) != entry.pid_started || entry.pid_started == 0)) return {};
  switch (entry.kind) {
    case Undo::Kind::resume: return resume(entry);
    case Undo::Kind::open_files: return restore_open_files(entry);
    case Undo::Kind::cgroup: return remove_cgroup(entry);
    case Undo::Kind::command: return entry.argv.empty() ? base::Result<void>{} : run(entry);
  }
  return {};
}

base::Result<Journal> Journal::open(const std::string& path) {
  const auto before = pending(path);
  if (!before) return std::unexpected(before.error());
  std::uint64_t next = 1;
  for (const PendingUndo& one : *before) next = std::max(next, one.number + 1);
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (file < 0) return base::fail_errno("cannot open the journal " + path, errno);
  Journal journal(file, next);
  if (lseek(file, 0, SEEK_END) == 0) {
    const boost::json::object owner = {{"owner", getpid()}, {"started", started_at(getpid())}};
    if (const auto written = journal.append(boost::json::serialize(owner)); !written)
      return std::unexpected(written.error());
  }
  return journal;
}

Journal::Journal(Journal&& other) noexcept : file_(std::exchange(other.file_, -1)), next_(other.next_) {}

Journal::~Journal() {
  if (file_ >= 0) ::close(file_);
}

base::Result<void> Journal::append(const std::string& line) {
  const std::string text = "\n" + line + "\n";  // a line that was torn before it ends here
  const ssize_t written = ::write(file_, text.data(), text.size());
  if (written != static_cast<ssize_t>(text.size()) || ::fdatasync(file_) != 0)
    return base::fail_errno("cannot write the journal of faults", errno);
  return {};
}

base::Result<std::uint64_t> Journal::add(const Undo& entry) {
  const std::uint64_t number = next_++;
  if (const auto written = append(line_of(number, entry)); !written) return std::unexpected(written.error());
  return number;
}

base::Result<void> Journal::done(std::uint64_t number) {
  return append(boost::json::serialize(boost::json::object{{"done", number}}));
}

bool owner_lives(const std::string& path) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    const auto object = object_of(line);
    if (!object || !object->contains("owner") || !object->at("owner").is_int64()) continue;
    const auto* const started = object->if_contains("started");
    const auto pid = static_cast<pid_t>(object->at("owner").as_int64());
    return started != nullptr && started->is_int64() && started->as_int64() > 0 &&
           started_at(pid) == static_cast<std::uint64_t>(started->as_int64());
  }
  return false;
}

base::Result<std::vector<PendingUndo>> pending(const std::string& path) {
  std::vector<PendingUndo> all;
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return all;
  std::ifstream file(path);
  if (!file) return base::fail_errno("cannot read the journal " + path, errno);
  for (std::string line; std::getline(file, line);) {
    const auto object = object_of(line);
    if (!object) continue;
    try {
      if (const auto* const done = object->if_contains("done")) {
        const auto number = done->to_number<std::uint64_t>();
        std::erase_if(all, [number](const PendingUndo& one) { return one.number == number; });
      } else if (object->contains("undo")) {
        all.push_back({object->at("undo").to_number<std::uint64_t>(), entry_of(*object)});
      }
    } catch (const std::exception&) {
      return base::fail(fmt::format("{} is no journal of faults: {}", path, line.substr(0, 80)));
    }
  }
  std::ranges::reverse(all);
  return all;
}

}  // namespace stormproof::faults
