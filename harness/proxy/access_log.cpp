#include "harness/proxy/access_log.h"

#include <pthread.h>

#include <csignal>
#include <utility>

namespace stormproof::proxy {
namespace {

using SteadyClock = std::chrono::steady_clock;

// Signals are for the other threads, and a broken pipe is an error of write().
void block_signals() {
  sigset_t all;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

}  // namespace

base::Result<std::unique_ptr<AccessLog>> AccessLog::open(AccessLogOptions options) {
  auto file = LineFile::open(options.path);
  if (!file) return std::unexpected(file.error());
  return std::unique_ptr<AccessLog>(new AccessLog(std::move(options), std::move(*file)));
}

AccessLog::AccessLog(AccessLogOptions options, LineFile file) : options_(std::move(options)), file_(std::move(file)) {
  thread_ = std::thread([this] { write_all(); });
}

AccessLog::~AccessLog() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    give_up_at_ = SteadyClock::now() + options_.give_up_after;
  }
  changed_.notify_one();
  thread_.join();
}

AccessLane& AccessLog::lane(wire::Tapper* inner) {
  auto lane = std::make_unique<AccessLane>(inner, options_.lane);
  const std::lock_guard lock(mutex_);
  return *lanes_.emplace_back(Member{.lane = std::move(lane)}).lane;
}

void AccessLog::reopen() {
  {
    const std::lock_guard lock(mutex_);
    reopen_ = true;
  }
  changed_.notify_one();
}

AccessLogReading AccessLog::counts() const {
  AccessLogReading reading = {.written = written_, .lost = lost_};
  const std::lock_guard lock(mutex_);
  for (const Member& member : lanes_) reading.dropped += member.lane->dropped();
  return reading;
}

void AccessLog::write_all() {
  block_signals();
  std::unique_lock lock(mutex_);
  while (true) {
    const bool last = ending_;
    const bool reopen = std::exchange(reopen_, false);
    lock.unlock();
    if (reopen) {
      if (const auto reopened = file_.reopen(); !reopened) tell(reopened.error());
      publish();
    }
    while (write_batch()) {
    }
    if (last) return;
    lock.lock();
    // No push rings a bell: a wake-up would be a system call on the relay's thread.
    changed_.wait_for(lock, write_every, [this] { return ending_ || reopen_; });
  }
}

// From each lane what it has, until the batch is full.
void AccessLog::fill_batch() {
  batch_.clear();
  const std::lock_guard lock(mutex_);
  for (std::size_t i = 0; i < lanes_.size() && batch_.size() < batch_bytes; ++i) {
    Member& member = lanes_[(first_lane_ + i) % lanes_.size()];
    base::ByteRing& ring = member.lane->ring();
    for (auto record = ring.front(); record.data() != nullptr && batch_.size() < batch_bytes; record = ring.front()) {
      append_access_line(batch_, AccessLane::read_record(record));
      ring.pop();
    }
    const std::uint64_t dropped = member.lane->dropped();
    if (dropped == member.drops_told) continue;
    batch_ += "{\"dropped\":" + std::to_string(dropped - std::exchange(member.drops_told, dropped)) + "}\n";
  }
  ++first_lane_;
}

// True: there may be more.
bool AccessLog::write_batch() {
  fill_batch();
  if (batch_.empty()) return false;
  settle(file_.write(batch_, [this] { return SteadyClock::now() >= give_up_at_.load(); }));
  publish();
  return batch_.size() >= batch_bytes;
}

void AccessLog::publish() {
  written_ = file_.written();
  lost_ = file_.lost();
}

void AccessLog::settle(const base::Result<void>& result) {
  if (result) {
    in_trouble_ = false;
    return;
  }
  const auto now = SteadyClock::now();
  if (in_trouble_ || now < quiet_until_) return;
  in_trouble_ = true;
  quiet_until_ = now + same_trouble_after;
  tell(result.error());
}

void AccessLog::tell(const base::Error& trouble) const {
  if (options_.on_trouble) options_.on_trouble("access log: " + trouble.message);
}

}  // namespace stormproof::proxy
