// LimiterSimulation: a service with a rate limit, under traffic that rests, comes at once, and stays too much.
//
// Pure: one Limiter gives one log: a steady state below the limit, then a phase "limit": a burst, and a rate above it.
#pragma once

#include <cstdint>

#include "harness/events/log.h"
#include "scenarios/model.h"

namespace stormproof::verify::simulation {

using base::Nanoseconds;

enum class Limiting : std::uint8_t { token_bucket, leaky_queue, fixed_window, sliding_log };

enum class LimiterDefect : std::uint8_t {
  none,
  off_by_some,         // a burst larger by `off_by`
  too_generous,        // a rate higher by a tenth
  too_strict,          // a rate lower by a tenth
  counts_refused,      // what is refused counts, too
  lies,                // Retry-After says ten times what it is, or nothing
  per_instance,        // two instances, each with the whole limit
  one_for_all,         // callers share one limit
  drops_some,          // 5 % are refused although there is room
  unlimited,
};

struct Limiter {
  std::uint64_t seed = 1;
  Limiting limiting = Limiting::token_bucket;
  LimiterDefect defect = LimiterDefect::none;
  double rate = 20;
  int burst = 10;
  int off_by = 1;
  Nanoseconds window = std::chrono::seconds(1);
  double offered = 3;  // times the rate, in the phase
  bool poisson = false;
  bool comes_at_once = true;  // the phase begins with twice the burst
  int callers = 1;            // the first sends too much, each other half of the rate
  Nanoseconds steady = std::chrono::seconds(5);
  Nanoseconds lasting = std::chrono::seconds(25);
  double spread = 0.3;
};

events::Log simulate(const Limiter& limiter);
scenarios::Scenario scenario_of(const Limiter& limiter, const scenarios::RateLimitExpectation& expectation);

}  // namespace stormproof::verify::simulation
