// Failover: what happens to the traffic over replicas of a dependency when one of them is hurt.
//
// Each replica is a dependency with a proxy of its own, so an endpoint's share is its share of the calls to all of them.
// Left: from faults on + leaves-within until heal, the hurt replica gets at most its share (bounds at 95 %); probes of a
// balancer count. Taken over: meanwhile the others answer as many calls a request as all did in the steady state, less
// take_over_slack. Back: from heal + returns-within until the phase's end, at least returned_share of what it had. It
// must have had something to lose: at least former_share_min. A violation needs calls to it that failed or hung, else there
// was no reason to leave. No trace ids are needed; where calls carry them, those without are health checks and do not
// count. Pure.
#pragma once

#include "harness/verify/evidence.h"
#include "harness/verify/finding.h"
#include "harness/verify/timeline.h"

namespace stormproof::verify {

inline constexpr std::uint64_t replica_calls_min = 100;  // in the steady state, to all
inline constexpr double former_share_min = 0.05;
inline constexpr double take_over_slack = 0.1;
inline constexpr double returned_share = 0.5;
inline constexpr Nanoseconds hung_call_min = std::chrono::milliseconds(500);  // under a fault: a reason to leave

Finding judge_failover(const View& view, const PhaseWindow& phase, const scenarios::FailoverExpectation& expectation);

}  // namespace stormproof::verify
