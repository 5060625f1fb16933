// Not worse: does the candidate answer as fast and as well as the baseline, request by request?
//
// Both were sent the same requests at the same instants, under the same faults, so they are compared in pairs: latency by the
// middle of the ratio, counted from the intended instant, over pairs that both answered well; errors by exact McNemar. The same
// statistics as `stormproof compare` (paired_statistics.h). A pair of which one request never left the harness counts
// nowhere.
#pragma once

#include "harness/verify/finding.h"
#include "harness/verify/timeline.h"
#include "scenarios/model.h"

namespace stormproof::verify {

// All checks of one expectation together call a candidate worse that is not with this chance at most.
inline constexpr double not_worse_false_alarms = 0.01;

Finding judge_not_worse(const View& view, const PhaseWindow& phase, const scenarios::NotWorseExpectation& expectation);

}  // namespace stormproof::verify
