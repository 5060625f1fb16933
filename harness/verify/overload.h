// Overload: whether the service keeps serving what it can when far more is asked of it (load shedding).
//
// The peak is the highest goodput (load.h) of any level without a fault, up to the phase's end. Overload are the levels of
// this phase beyond overload_least × the peak, up to the claim's `at` (or, where there is none so near, the next above). HOLDS where each
// keeps its share of the peak, and the peak is known: some level offered more than the peak, but no more than twice
// of it. What is refused has one of the statuses of the claim. Admitted is what is not refused: its p99, failures as no answer. Refusals are
// faster where their median is. Important routes may be refused in 1 % of cases, while the others are refused. Load that is not open
// loop gives no verdict. Pure.
#pragma once

#include "harness/verify/evidence.h"
#include "harness/verify/finding.h"
#include "harness/verify/timeline.h"

namespace stormproof::verify {

inline constexpr double overload_least = 1.2;
inline constexpr double overload_near = 0.05;        // around `at`
inline constexpr double peak_exceeded_least = 1.05;  // by a level that shows that the peak is one
inline constexpr double peak_exceeded_most = 2;
inline constexpr double important_refused_max = 0.01;

Finding judge_overload(const View& view, const PhaseWindow& phase, const scenarios::OverloadExpectation& expectation);

}  // namespace stormproof::verify
