#include "replay/recorder.h"

#include <fmt/format.h>

#include <algorithm>

namespace stormproof::replay {
namespace {

// Records of one lane before the others' turn comes.
constexpr std::size_t records_a_turn = 64;
// While traffic flows the writer looks that often by itself, and sooner where a ring fills. To be woken for each exchange
// would cost the relay a call to the system, and the writer's caches half of what it does.
constexpr std::chrono::milliseconds nap(20);

}  // namespace

base::Result<std::unique_ptr<Recorder>> Recorder::start(const std::string& path, Meta meta, const base::Clock& clock,
                                                        RecorderOptions options) {
  if (options.lanes == 0 || options.lanes > lanes_max)
    return base::fail(fmt::format("a recorder has 1 to {} lanes and not {}", lanes_max, options.lanes));
  if (!options.on_trouble) options.on_trouble = [](const std::string&) {};
  auto series = CaptureSeries::start(path, std::move(meta), options.rotation, clock.now(), options.on_trouble);
  if (!series) return std::unexpected(series.error());
  return std::unique_ptr<Recorder>(new Recorder(std::move(*series), clock, options));
}

Recorder::Recorder(CaptureSeries series, const base::Clock& clock, const RecorderOptions& options)
    : series_(std::move(series)), clock_(clock) {
  for (std::size_t i = 0; i < options.lanes; ++i) {
    lanes_.push_back(std::make_unique<RecordingLane>(clock_, options.ring_bytes, options.part_bytes, next_id_, bell_));
  }
  thread_ = std::thread([this] { write_all(); });
}

Recorder::~Recorder() { stop(); }

void Recorder::stop() {
  if (!thread_.joinable()) return;
  ending_.store(true, std::memory_order_seq_cst);
  bell_.ring();
  thread_.join();
}

base::Result<Account> Recorder::finish() {
  stop();
  if (auto closed = series_.close(); !closed) return std::unexpected(closed.error());
  return series_.account();
}

void Recorder::write_all() {
  const auto something = [this] {
    return ending_.load(std::memory_order_seq_cst) ||
           std::ranges::any_of(lanes_, [](const auto& lane) { return !lane->ring().empty(); });
  };
  const auto urgent = [this] {
    return ending_.load(std::memory_order_seq_cst) ||
           std::ranges::any_of(lanes_, [](const auto& lane) { return lane->ring().filling(); });
  };
  while (true) {
    const bool last = ending_;
    const bool busy = drain_rings();
    count_drops();
    publish();
    const base::Nanoseconds until_next = series_.tick(clock_.now());
    if (last) return;
    if (busy) bell_.nap(nap, urgent);
    else bell_.wait(until_next, something);
  }
}

// True: there was something.
void Recorder::publish() {
  Account account = series_.account();
  const std::lock_guard lock(mutex_);
  published_ = std::move(account);
}

Account Recorder::progress() const {
  const std::lock_guard lock(mutex_);
  return published_;
}

bool Recorder::drain_rings() {
  bool any = false;
  for (bool more = true; more;) {
    more = false;
    for (const auto& lane : lanes_) {
      base::ByteRing& ring = lane->ring();
      for (std::size_t i = 0; i < records_a_turn; ++i) {
        const std::string_view record = ring.front();
        if (record.data() == nullptr) break;
        write_record(record);
        ring.pop();
        more = true;
      }
    }
    if (!more) break;
    any = true;
    series_.tick(clock_.now());
  }
  return any;
}

void Recorder::write_record(std::string_view record) {
  const HandedOver handed = read_record(record);
  switch (handed.kind) {
    case HandedOver::Kind::exchange: return series_.append(handed.entry, handed.parted, handed.bytes_in_all);
    case HandedOver::Kind::part:
      return series_.append_part(handed.entry.id, handed.direction, handed.offset, handed.bytes);
    case HandedOver::Kind::given_up: return series_.give_up(handed.entry.id);
  }
}

void Recorder::count_drops() {
  for (const auto& lane : lanes_) {
    for (Drops& drops : lane->drops()) {
      if (drops.count.load(std::memory_order_relaxed) == 0) continue;
      series_.count(drops.cause, drops.count.exchange(0, std::memory_order_relaxed),
                    drops.bytes.exchange(0, std::memory_order_relaxed));
    }
  }
}

}  // namespace stormproof::replay
