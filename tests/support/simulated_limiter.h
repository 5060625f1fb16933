// SimulatedLimiter: a rate limiter of any of the known classes, right or defective, in simulated or real time.
//
// Pure but for what it remembers: equal settings and equal questions give equal rulings. Each key has a quota of its own.
// Questions come in order of time; the caller says when, so a test simulates hours and a subject asks the clock.
// It knows nothing of the product. One thread.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <random>
#include <string_view>
#include <vector>

#include "harness/base/clock.h"

namespace stormproof::support {

enum class LimiterKind : std::uint8_t {
  token_bucket,       // `rate`, `burst`
  leaky_queue,        // the same, and who is admitted waits for his turn
  fixed_window,       // `quota` in each window of a clock; `phase` says where windows begin
  anchored_window,    // `quota` in a window that begins with the first request after the one before
  sliding_log,        // `quota` in the last `window`
  sliding_counter,    // the same, of two counters: the last window's counts by how much of it is still in sight
  anchored_counter,   // as sliding_counter; windows follow each other from a request after two without any
  penalised_log,      // as sliding_log, and who is refused counts, too
  penalised_counter,  // as sliding_counter, and who is refused counts, too
  concurrency,        // `quota` at a time
};
inline constexpr LimiterKind last_limiter_kind = LimiterKind::concurrency;
std::string_view to_string(LimiterKind kind);

enum class LimiterFault : std::uint8_t {
  none,
  off_by_some,     // admits `off_by` more at once
  too_generous,    // a rate, or a quota, higher by a tenth (one at least)
  too_strict,      // lower by a tenth (one at least)
  counts_refused,  // of a bucket: each refusal costs as much as an admission
  lies,            // Retry-After and reset are ten times what they should be, in whole seconds
  silent,          // says nothing
  per_instance,    // `instances`, each with the whole limit, drawn for each request
  one_for_all,     // keys are not told apart
  drops_some,      // 5 % are refused although there is room
  unlimited,
};

struct LimiterSettings {
  LimiterKind kind = LimiterKind::token_bucket;
  LimiterFault fault = LimiterFault::none;
  double rate = 20;  // buckets
  int burst = 10;
  int quota = 20;  // windows, concurrency
  base::Nanoseconds window = std::chrono::seconds(1);
  base::Nanoseconds phase{0};
  int off_by = 1;
  int instances = 2;
  std::uint64_t seed = 1;

  // What it promises, if it has no fault: so many in the long run, so many at once.
  double promised_rate() const;
  int promised_at_once() const;
};

struct Ruling {
  bool admitted = true;
  base::Nanoseconds queued{0};  // before it is served, where it is admitted
  base::Nanoseconds wait{0};    // until the next is admitted, as it says: for Retry-After and for reset
  int remaining = 0;            // at once, after this one, as it says
};

class SimulatedLimiter {
 public:
  explicit SimulatedLimiter(const LimiterSettings& settings);

  // `service`: how long the request occupies the service, where it is admitted; concurrency counts it.
  Ruling ask(std::uint64_t key, base::Time now, base::Nanoseconds service = base::Nanoseconds(0));

 private:
  struct Quota {
    bool begun = false;
    double level = 0;
    base::Time last{};
    std::int64_t window = 0;  // its number, or where it began
    int before = 0;
    int counted = 0;
    std::deque<base::Time> times = {};
  };
  Ruling rule(Quota& quota, base::Time now, base::Nanoseconds service);
  Ruling by_bucket(Quota& quota, base::Time now);
  Ruling by_fixed_window(Quota& quota, base::Time now) const;
  Ruling by_anchored_window(Quota& quota, base::Time now) const;
  Ruling by_log(Quota& quota, base::Time now, bool penalises) const;
  Ruling by_counter(Quota& quota, base::Time now, bool penalises) const;
  Ruling by_anchored_counter(Quota& quota, base::Time now) const;
  Ruling weighed(Quota& quota, double gone, bool penalises) const;
  Ruling by_concurrency(Quota& quota, base::Time now, base::Nanoseconds service) const;
  double unit() { return std::uniform_real_distribution<double>(0, 1)(random_); }

  LimiterSettings settings_;
  std::mt19937_64 random_;
  std::map<std::uint64_t, Quota> quotas_;
  double rate_ = 0;
  int burst_ = 0;
  int quota_ = 0;
};

}  // namespace stormproof::support
