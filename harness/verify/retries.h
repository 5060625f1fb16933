// Retries: how a service calls again after a call that failed: how often, for what, and when.
//
// Judged on chains (attempts.h), so trace ids are needed. Attempts count in chains that ended in a failure: the others
// had no reason to go on. A call to a dependency that had said Retry-After must wait for it; all other waits, from the
// end of a failed call to the next one, show the law of the backoff: its first wait by the median, its factor by the
// median ratio of the second wait to the first, its jitter by how far the waits spread around their middle. Pure.
#pragma once

#include "harness/verify/attempts.h"
#include "harness/verify/finding.h"

namespace stormproof::verify {

inline constexpr std::uint64_t waits_min = 30;          // chains that show a law
inline constexpr double factor_tolerance = 0.2;         // of the backoff's factor
inline constexpr Nanoseconds factor_wait_min = std::chrono::milliseconds(20);  // shorter: the network blurs it
inline constexpr Nanoseconds early_slack = std::chrono::milliseconds(50);      // before Retry-After is over
inline constexpr double amplification_slack = 0.02;     // of the claim: a budget has a floor

Finding judge_retries(const View& view, const PhaseWindow& phase, const scenarios::RetriesExpectation& expectation);

}  // namespace stormproof::verify
