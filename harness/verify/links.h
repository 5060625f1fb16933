// Links: findings that explain one another, said in one sentence more.
//
// A breaker that does not see failures, as something beneath it repeats each failed call until one succeeds; a call
// that outlives its request, as its own timeout is longer than that of its caller; retries against an open breaker.
// Changes no verdict: it only adds to the summary of a finding that is VIOLATED. Pure.
#pragma once

#include <vector>

#include "harness/verify/finding.h"
#include "harness/verify/timeline.h"

namespace stormproof::verify {

// What a finding is about: at the same place as the finding in its list.
struct Subject {
  const PhaseWindow* phase = nullptr;
  const scenarios::Expectation* expectation = nullptr;
};

inline constexpr std::uint64_t linked_calls_min = 30;  // calls that failed and were repeated
inline constexpr double linked_share_min = 0.5;        // of those that failed

void link(std::vector<Finding>& findings, const std::vector<Subject>& subjects, const View& view);

}  // namespace stormproof::verify
