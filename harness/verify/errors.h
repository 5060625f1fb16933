// Errors: the share of a phase's requests that failed, against its limit.
//
// A request failed when it had no answer or a status of 500 and above. What never left the harness, because the target
// held every connection, may have failed or not: it counts against both sides. HOLDS when the upper one-sided 95 % bound is
// within the limit, VIOLATED when the lower one is above it (Clopper-Pearson), else INCONCLUSIVE with the number of
// requests that would decide. A limit of 0 % is a census: one failure violates it.
#pragma once

#include "harness/verify/finding.h"
#include "harness/verify/timeline.h"

namespace stormproof::verify {

inline constexpr std::uint64_t census_min = 30;  // requests that a limit of "none at all" needs to hold
inline constexpr std::size_t finding_instants_max = 200;
inline constexpr std::size_t finding_exchanges_max = 20;

Finding judge_errors(const View& view, const PhaseWindow& phase, const scenarios::ErrorsExpectation& expectation);

}  // namespace stormproof::verify
