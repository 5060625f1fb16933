// ProbeSimulation: a probe of a simulated limiter: the log of a phase that is one.
//
// Pure: a ProbeRun gives one log and the scenario that it is judged by.
#pragma once

#include "harness/events/log.h"
#include "scenarios/model.h"
#include "scenarios/probe_schedule.h"
#include "tests/support/simulated_limiter.h"

namespace stormproof::verify::simulation {

struct ProbeRun {
  support::LimiterSettings limiter = {};
  scenarios::RateLimitExpectation claim = {};
  scenarios::RateProbe probe = {};
  std::uint64_t seed = 1;
  double latency_ms = 1;         // of the service, behind the limiter
  double network_ms = 0.3;       // to the limiter and back
  double spread = 0.3;           // of both, in a lognormal way
  double background_errors = 0;  // of what is admitted
  double slowed_ms = 0;          // by which requests of the slowed step take longer
  // Which variations have a quota of their own, by their place in RateProbe::vary; the others share the first one's.
  std::vector<bool> own = {};
};

// What the limiter promises, as a scenario claims it.
scenarios::RateLimitExpectation promised(const support::LimiterSettings& limiter);

events::Log simulate(const ProbeRun& run);
scenarios::Scenario scenario_of(const ProbeRun& run);

}  // namespace stormproof::verify::simulation
