// RateProbe: what only a probe can tell of a rate limit: whose quota it is, whether callers are isolated from each other, and
// whether it is one of rate or of concurrency.
//
// A probe's requests are known by their numbers: the schedule is made again from the scenario (scenarios/probe_schedule.h). Pure.
#pragma once

#include <string>
#include <vector>

#include "harness/verify/admission.h"
#include "harness/verify/finding.h"
#include "scenarios/probe_schedule.h"

namespace stormproof::verify {

inline constexpr double slowed_share_min = 0.5;  // of what a dependency was slowed by must show in the answers
inline constexpr double same_rate_tolerance = 0.1;
inline constexpr double halved_most = 0.75;  // of the rate before: then it is not one of rate

// The requests of a probe.
struct ProbeSeen {
  scenarios::ProbeSchedule schedule = {};
  std::vector<const events::Exchange*> shots = {};      // in order of the schedule; nullptr: not in the log
  std::vector<const events::Exchange*> own = {};        // of the first caller, before anybody else asks
  std::vector<const events::Exchange*> sustained = {};  // of these, those at three times the rate
  std::string why_not = {};                             // it cannot be read
};
ProbeSeen probe_seen(const View& view, const PhaseWindow& phase);

// The checks that the phase's probe and the claim ask for; `names` alone where nothing was seen.
std::vector<std::string> probe_checks(const scenarios::Phase& phase, const scenarios::RateLimitExpectation& claim);
std::vector<Check> check_probe(const ProbeSeen& seen, const scenarios::Phase& phase,
                               const scenarios::RateLimitExpectation& claim, Finding& finding);

}  // namespace stormproof::verify
