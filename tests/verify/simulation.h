// Simulation: a service with a circuit breaker under open-loop traffic, in simulated time.
//
// Pure: one Experiment gives one log. What the harness would have seen goes into the log; what really happened goes
// into the Truth, which verifiers never see. No clock, no thread; a run of 40 s at 100/s takes about a millisecond.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/events/log.h"
#include "scenarios/model.h"

namespace stormproof::verify::simulation {

using base::Nanoseconds;
using base::Time;

enum class Defect : std::uint8_t {
  none,
  never_opens,
  leaks,                // a share of the calls goes through while open
  never_half_opens,     // once open, open for ever
  stuck_half_open,      // probes, but a success never closes it
  closes_on_straggler,  // a late success of a call in flight closes it
  retry_bypass,         // a rejected request is sent again, past the breaker
  leaks_by_count,       // one of leak_every requests goes through while open
  leaks_in_bursts,      // the same, several together
  opens_late,           // lets all calls through for late_by after each opening
};

enum class Growth : std::uint8_t { constant, factor, linear };

struct Breaker {
  int consecutive = 5;  // failures in a row that open it; 0: by rate
  double rate = 0.5;    // of the last rate_window
  int volume = 20;
  Nanoseconds rate_window = std::chrono::seconds(2);
  Nanoseconds sleep = std::chrono::seconds(2);
  Growth growth = Growth::constant;
  double factor = 1;  // growing: each sleep is so many times the last
  double jitter = 0;  // share, uniform on both sides
  int width = 1;      // concurrent calls in half-open
  int successes = 1;  // needed to close
  Defect defect = Defect::none;
  double leak_share = 0.01;
  int leak_every = 50;
  int leak_together = 1;
  Nanoseconds late_by{0};
  Nanoseconds rejects_in = std::chrono::microseconds(300);
  bool queues_behind_probe = false;  // a caller waits for the probe's outcome
};

enum class Failing : std::uint8_t { fast, hanging, slow };  // slow: late answers, some later than the timeout

struct Experiment {
  std::uint64_t seed = 1;
  double per_second = 100;
  bool poisson = true;
  Nanoseconds steady = std::chrono::seconds(10);
  Nanoseconds outage = std::chrono::seconds(20);
  Nanoseconds recovery = std::chrono::seconds(16);
  Failing failing = Failing::fast;
  double share = 1;                                      // of the calls that the fault takes
  Nanoseconds timeout = std::chrono::milliseconds(300);  // of the service's client
  double background_errors = 0.05;                       // of the dependency's healthy answers
  double latency_spread = 0.3;                           // of the dependency's 5 ms
  bool correlated = true;
  double other_class = 0.2;    // share of requests that never call the dependency
  double healthy_misses = 0;   // share of the rest that does not call
  double missing = 0;          // share of the dependency's good answers that are 404
  int instances = 1;           // of the service, each with a breaker of its own
  double beside = 0;           // share of the other class that calls another host of the dependency, which stays well
  bool opens_for_all = false;  // the breaker keeps calls from that, too
  int attempts = 1;            // of each call, below the breaker
  Nanoseconds backoff{0};      // before the first retry
  double backoff_factor = 1;   // of each further one
  double backoff_jitter = 0;   // share, uniform on both sides
  Breaker breaker = {};
};

struct Truth {
  std::vector<Time> opened;
  std::vector<Time> probes;
  std::vector<Time> leaked;
  std::vector<Time> leaked_between;  // after a refusal by the same opening: before it, it might have opened later
  std::vector<Nanoseconds> sleeps;
  std::vector<Nanoseconds> straggled;  // how long it was open before a straggler closed it
  bool closed_at_end = true;
};

struct Run {
  events::Log log;
  Truth truth;
  Time faults_on{};
  Time faults_off{};
};

Run simulate(const Experiment& experiment);

// Steady state, "outage", "recovery", with these expectations.
scenarios::Scenario scenario_of(const Experiment& experiment, const scenarios::BreakerExpectation& in_outage,
                                const scenarios::BreakerExpectation& in_recovery);

inline constexpr std::string_view dependency = "payments";
inline constexpr std::string_view other_host = "payments-b";

}  // namespace stormproof::verify::simulation
