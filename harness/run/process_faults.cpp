#include "harness/run/process_faults.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

#include "harness/base/units.h"
#include "harness/run/healing.h"

namespace stormproof::run {
namespace {

using scenarios::ProcessFault;
using Kind = ProcessFault::Kind;
using events::Effect;

constexpr const char* cgroup_root = "/sys/fs/cgroup";
constexpr base::Time never = base::Time::max();

base::Result<void> check_cgroup(std::string_view controller) {
  std::ifstream file(std::string(cgroup_root) + "/cgroup.controllers");
  std::string controllers((std::istreambuf_iterator<char>(file)), {});
  if (!file.is_open())
    return base::fail(fmt::format("it needs cgroup v2, and {}/cgroup.controllers is not there", cgroup_root));
  if (!(" " + controllers).contains(" " + std::string(controller)))
    return base::fail(
        fmt::format("it needs the controller '{}' of cgroup v2, which this machine does not offer", controller));
  if (access((std::string(cgroup_root) + "/cgroup.procs").c_str(), W_OK) != 0)
    return base::fail(fmt::format("it needs to make a cgroup in {}, which this user may not", cgroup_root));
  return {};
}

// Every process of the program's group, as far as /proc tells.
std::vector<pid_t> members_of(pid_t group) {
  std::vector<pid_t> members;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", error)) {
    const pid_t pid = std::atoi(entry.path().filename().c_str());
    if (pid > 0 && getpgid(pid) == group) members.push_back(pid);
  }
  return members;
}

base::Result<void> put_into_cgroup(const std::string& path, const ProcessFault& fault, pid_t group) {
  std::error_code error;
  if (!std::filesystem::create_directory(path, error))
    return base::fail(fmt::format("cannot make the cgroup {}: {}", path, error.message()));
  const bool cpu = fault.kind == Kind::cpu;
  std::ofstream limit(path + (cpu ? "/cpu.max" : "/memory.max"));
  if (cpu)
    limit << fmt::format("{} 100000", std::max<std::int64_t>(1000, static_cast<std::int64_t>(fault.cpu * 100000)));
  else limit << fault.memory;
  limit.close();
  if (!limit) return base::fail(fmt::format("cannot set the limit of {}", path));
  for (const pid_t pid : members_of(group)) std::ofstream(path + "/cgroup.procs") << pid;
  return {};
}

bool takes_down(Kind kind) { return kind == Kind::kill || kind == Kind::terminate || kind == Kind::crash_loop; }

}  // namespace

base::Result<void> ProcessFaults::check(const std::vector<ProcessFault>& faults, bool has_program, bool has_network) {
  for (const ProcessFault& fault : faults) {
    base::Result<void> checked;
    if (fault.kind != Kind::command && !has_program)
      checked = base::fail("stormproof did not start the service (candidate.command); use command: {hurt: …, heal: …}");
    else if (fault.kind == Kind::network && !has_network)
      checked = base::fail("only a network that stormproof made is hurt: give the candidate a network of its own");
    else if (fault.kind == Kind::network) checked = OwnNetwork::check({fault.network});
    else if (fault.kind == Kind::cpu) checked = check_cgroup("cpu");
    else if (fault.kind == Kind::memory) checked = check_cgroup("memory");
    if (!checked)
      return base::fail(fmt::format("the fault {} cannot be injected: {}", fault.id, checked.error().message));
  }
  return {};
}

base::Result<void> ProcessFaults::open_journal() {
  if (journal_) return {};
  auto opened = faults::Journal::open(setting_.journal);
  if (!opened) return std::unexpected(opened.error());
  journal_.emplace(std::move(*opened));
  if (setting_.watchdog.empty()) return {};
  if (const auto started = start_watchdog(setting_.watchdog, setting_.journal); !started)
    return std::unexpected(started.error());
  return {};
}

base::Result<void> ProcessFaults::guard(pid_t program) {
  if (const auto opened = open_journal(); !opened) return opened;
  faults::Undo entry;
  entry.kind = faults::Undo::Kind::end_group;
  entry.rule = setting_.service;
  entry.pid = program;
  entry.pid_started = faults::started_at(program);
  const auto number = journal_->add(entry);
  if (!number) return std::unexpected(number.error());
  guards_.push_back(*number);
  return {};
}

base::Result<void> ProcessFaults::guard_network() {
  if (const auto opened = open_journal(); !opened) return opened;
  faults::Undo entry = setting_.network->removal();
  entry.rule = setting_.service;
  const auto number = journal_->add(entry);
  if (!number) return std::unexpected(number.error());
  guards_.push_back(*number);
  return {};
}

base::Result<void> ProcessFaults::close() {
  for (const std::uint64_t number : std::exchange(guards_, {})) {
    if (const auto done = journal_->done(number); !done) return done;
  }
  return {};
}

base::Result<void> ProcessFaults::begin(const std::vector<ProcessFault>& faults) {
  if (faults.empty()) return {};
  if (const auto opened = open_journal(); !opened) return opened;
  for (const ProcessFault& fault : faults) active_.push_back({.fault = &fault, .due = clock_.now() + fault.after});
  return poll();
}

base::Time ProcessFaults::next() const {
  base::Time next = never;
  for (const Active& active : active_) next = std::min(next, active.due);
  return next;
}

base::Result<void> ProcessFaults::poll() {
  base::Result<void> first;
  for (Active& active : active_) {
    if (clock_.now() < active.due) continue;
    active.due = never;
    const auto done = active.hurt || active.down ? take_back(active) : act(active);
    if (!done) {
      note(active, Effect::nothing, done.error().message);
      if (first) first = done;
    }
  }
  return first;
}

base::Result<void> ProcessFaults::act(Active& active) {
  Process* const program = setting_.program();
  if (program == nullptr && active.fault->kind != Kind::command) return base::fail("the service has ended already");
  std::string what;
  if (const auto done = hurt(active, program, what); !done) return done;
  note(active, Effect::acted, what);
  return {};
}

base::Result<void> ProcessFaults::write_undo(Active& active, faults::Undo entry) {
  entry.rule = active.fault->id;
  const auto number = journal_->add(entry);
  if (!number) return std::unexpected(number.error());
  active.undo = *number;
  active.entry = std::move(entry);
  return {};
}

base::Result<void> ProcessFaults::hurt(Active& active, Process* program, std::string& what) {
  const ProcessFault& fault = *active.fault;
  const pid_t pid = program == nullptr ? 0 : program->pid();
  const base::Time now = clock_.now();
  if (takes_down(fault.kind)) {
    // Nothing to write down: what the harness started ends with it.
    const bool politely = fault.kind == Kind::terminate;
    program->stop(politely ? std::chrono::milliseconds(terminate_grace) : std::chrono::milliseconds(0));
    what = fmt::format("{} to process {}", politely ? "SIGTERM" : "SIGKILL", pid);
    active.down = true;
    const bool at_once = fault.kind == Kind::crash_loop && !fault.restart_after;
    active.due = at_once ? now : fault.restart_after ? clock_.now() + *fault.restart_after : never;
    return {};
  }
  faults::Undo entry;
  entry.pid = pid;
  entry.pid_started = pid == 0 ? 0 : faults::started_at(pid);
  active.hurt = true;
  switch (fault.kind) {
    case Kind::pause:
      entry.kind = faults::Undo::Kind::resume;
      if (const auto written = write_undo(active, entry); !written) return written;
      if (kill(-pid, SIGSTOP) != 0) return base::fail_errno(fmt::format("cannot stop process {}", pid), errno);
      active.due = now + fault.lasting;
      what = fmt::format("SIGSTOP to process {}", pid);
      return {};
    case Kind::open_files: {
      rlimit limit = {};
      if (prlimit(pid, RLIMIT_NOFILE, nullptr, &limit) != 0)
        return base::fail_errno("cannot read the limits of the program", errno);
      entry.kind = faults::Undo::Kind::open_files;
      entry.soft_limit = limit.rlim_cur;
      if (const auto written = write_undo(active, entry); !written) return written;
      limit.rlim_cur = std::min<rlim_t>(fault.open_files, limit.rlim_max);
      if (prlimit(pid, RLIMIT_NOFILE, &limit, nullptr) != 0)
        return base::fail_errno("cannot limit the descriptors of the program", errno);
      what = fmt::format("process {} may open {} descriptors, not {}", pid, limit.rlim_cur, entry.soft_limit);
      return {};
    }
    case Kind::cpu:
    case Kind::memory:
      entry.kind = faults::Undo::Kind::cgroup;
      entry.path = fmt::format("{}/stormproof-{}-{}", cgroup_root, getpid(), ledger_.faults.size());
      if (const auto written = write_undo(active, entry); !written) return written;
      what = fault.kind == Kind::cpu
                 ? fmt::format("process {} has {} of a processor", pid, base::format_percent(fault.cpu))
                 : fmt::format("process {} has {} of memory", pid, base::format_bytes(fault.memory));
      return put_into_cgroup(entry.path, fault, pid);
    case Kind::network:
      if (const auto written = write_undo(active, setting_.network->healing()); !written) return written;
      what = "the link to the service is hurt";
      if (fault.lasting.count() > 0) active.due = now + fault.lasting;
      return setting_.network->hurt(fault.network);
    default: break;
  }
  entry.kind = faults::Undo::Kind::command;
  entry.argv = fault.heal;
  entry.folder = setting_.folder;
  if (const auto written = write_undo(active, entry); !written) return written;
  what = fmt::format("'{}' was run", fault.hurt.front());
  faults::Undo hurting = entry;
  hurting.argv = fault.hurt;
  if (const auto done = faults::undo(hurting); !done)
    return base::fail(fmt::format("the command that hurts, {}, failed", fault.hurt.front()));
  return {};
}

base::Result<void> ProcessFaults::take_back(Active& active) {
  if (active.down) {
    active.down = false;
    if (const auto started = setting_.start_again(); !started) return started;
    note(active, Effect::acted, "started again");
    if (active.fault->kind == Kind::crash_loop) active.due = clock_.now() + active.fault->every;
    return {};
  }
  active.hurt = false;
  if (const auto undone = faults::undo(active.entry); !undone) {
    active.hurt = true;
    return undone;
  }
  if (active.undo) return journal_->done(*std::exchange(active.undo, std::nullopt));
  return {};
}

base::Result<void> ProcessFaults::heal() {
  std::string left;
  for (Active& active : active_) {
    active.due = never;
    if (!active.hurt && !active.down) continue;
    if (const auto done = take_back(active); !done)
      left += (left.empty() ? "" : "; ") + active.fault->id + ": " + done.error().message;
  }
  active_.clear();
  if (!left.empty()) return base::fail("not healed: " + left);
  return {};
}

void ProcessFaults::note(const Active& active, Effect effect, const std::string& what) {
  events::FaultFired entry;
  entry.at = clock_.now();
  entry.rule = ledger_.names.id_of(active.fault->id);
  entry.party = ledger_.names.id_of(setting_.service);
  entry.effect = effect;
  entry.detail = ledger_.names.id_of(what);
  ledger_.faults.push_back(entry);
}

}  // namespace stormproof::run
