// Meter: counts what a relay tells its sink, so that another thread can read it at any time.
//
// A sink that stands before another one or alone (`inner` nullptr: names and routes are then all 0). One a worker: only
// the relay's thread writes, which costs a few plain stores an exchange; any thread may read(). A reading is no snapshot
// of one instant, but no count in it ever goes back, and a histogram's count is the sum of its buckets. Readings of
// several workers add up.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "harness/base/clock.h"
#include "harness/events/event.h"

namespace stormproof::proxy {

// Upper bounds of the buckets of a DurationBuckets; what is above the last stands in one more.
inline constexpr std::array<base::Nanoseconds, 17> duration_bounds = {
    std::chrono::microseconds(100), std::chrono::microseconds(250),  std::chrono::microseconds(500),
    std::chrono::milliseconds(1),   std::chrono::microseconds(2500), std::chrono::milliseconds(5),
    std::chrono::milliseconds(10),  std::chrono::milliseconds(25),   std::chrono::milliseconds(50),
    std::chrono::milliseconds(100), std::chrono::milliseconds(250),  std::chrono::milliseconds(500),
    std::chrono::seconds(1),        std::chrono::milliseconds(2500), std::chrono::seconds(5),
    std::chrono::seconds(10),       std::chrono::seconds(30)};

// The first bucket whose bound is not below the duration. A negative one is in the first.
constexpr std::size_t bucket_of(base::Nanoseconds duration) {
  std::size_t bucket = 0;
  for (const base::Nanoseconds bound : duration_bounds) bucket += duration > bound ? 1 : 0;
  return bucket;
}

struct DurationBuckets {
  std::array<std::uint64_t, duration_bounds.size() + 1> counts = {};  // of each bucket alone
  std::uint64_t sum_ns = 0;

  std::uint64_t count() const;
  DurationBuckets& operator+=(const DurationBuckets& other);
  bool operator==(const DurationBuckets&) const = default;
};

struct MeterReading {
  static constexpr std::size_t outcomes_max = 32;  // room for every events::Outcome, also for those to come

  std::array<std::uint64_t, outcomes_max> outcomes = {};  // exchanges that have ended, by events::Outcome
  std::array<std::uint64_t, 6> status_classes = {};       // of them with a status: 1xx to 5xx at 1 to 5; 0: any other
  std::uint64_t faults = 0;                               // that fired
  std::uint64_t request_bytes = 0;
  std::uint64_t response_bytes = 0;
  DurationBuckets duration;    // of answered exchanges, from start to end
  DurationBuckets first_byte;  // of answered exchanges, from start to the response's first byte

  std::uint64_t exchanges() const;
  std::uint64_t with(events::Outcome outcome) const { return outcomes[static_cast<std::size_t>(outcome)]; }
  MeterReading& operator+=(const MeterReading& other);
  bool operator==(const MeterReading&) const = default;
};

class Meter final : public events::Sink {
 public:
  explicit Meter(events::Sink* inner = nullptr) : inner_(inner) {}

  events::NameId name(std::string_view text) override { return inner_ == nullptr ? 0 : inner_->name(text); }
  events::NameId route(std::string_view method, std::string_view target) override {
    return inner_ == nullptr ? 0 : inner_->route(method, target);
  }
  void exchange(const events::Exchange& exchange) override;
  void fault(const events::FaultFired& fault) override;

  // Any thread.
  MeterReading read() const;

 private:
  // One writer, so no read-modify-write: a load and a store.
  class Count {
   public:
    void add(std::uint64_t by) { value_.store(value_.load(std::memory_order_relaxed) + by, std::memory_order_relaxed); }
    std::uint64_t now() const { return value_.load(std::memory_order_relaxed); }

   private:
    std::atomic<std::uint64_t> value_ = 0;
  };
  struct Durations {
    std::array<Count, duration_bounds.size() + 1> counts;
    Count sum_ns;
    void add(base::Nanoseconds duration);
    DurationBuckets read() const;
  };

  events::Sink* inner_;
  alignas(64) std::array<Count, MeterReading::outcomes_max> outcomes_;
  std::array<Count, 6> status_classes_;
  Count faults_;
  Count request_bytes_;
  Count response_bytes_;
  Durations duration_;
  Durations first_byte_;
};

}  // namespace stormproof::proxy
