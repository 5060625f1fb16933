// Metastability: whether a service comes back by itself once what hurt it is over and the load goes on as before.
//
// What hurt it is the last fault that was healed before the phase, or the last surge of the schedule that was over: a step above
// surge_least × the steady state's rate, back to it. Judged is the goodput (load.h) from `within` after its end to the
// phase's end (or the next fault), against the steady state's, both as shares of what was offered. It must have hurt: fewer good answers
// meanwhile than in the steady state, beyond chance. The load must be the same (load_slack) and open loop: requests that wait for
// others take the load away, and hide it: INCONCLUSIVE. Pure.
#pragma once

#include "harness/verify/evidence.h"
#include "harness/verify/finding.h"
#include "harness/verify/timeline.h"

namespace stormproof::verify {

inline constexpr double surge_least = 1.2;
inline constexpr double load_slack = 0.15;
inline constexpr std::uint64_t steady_goodput_min = 100;  // requests of the steady state
inline constexpr double steady_good_share_min = 0.9;
inline constexpr Nanoseconds aftermath_min = std::chrono::seconds(2);  // that must be seen beyond `within`

Finding judge_metastability(const View& view, const PhaseWindow& phase,
                            const scenarios::MetastabilityExpectation& expectation);

}  // namespace stormproof::verify
