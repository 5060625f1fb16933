// Latency: quantiles of a phase's latencies against their limits.
//
// Latency runs from the intended send time to the end of the answer: a service that makes requests wait in line is not
// excused (no coordinated omission). An answer counts whatever its status; a request without one counts as slower than
// any limit. The quantile's order-statistic interval decides, one-sided at 95 %: HOLDS when its upper end is within
// the limit, VIOLATED when its lower end is above, counted without what the harness itself may have added
// (attribution.h). The maximum is a census.
#pragma once

#include "harness/verify/finding.h"
#include "harness/verify/timeline.h"

namespace stormproof::verify {

Finding judge_latency(const View& view, const PhaseWindow& phase, const scenarios::LatencyExpectation& expectation);

// "p99", "p99.9", "max".
std::string quantile_name(double quantile);

}  // namespace stormproof::verify
