// Bulkhead: how much of the service a dependency that hangs may take.
//
// The calls under way at once, counted at the proxy while the fault was on, must never be more than the limit. An end is
// seen late, so a call counts until `sight` before its end for HOLDS, and until bulkhead_slack before it for VIOLATED. It holds
// only where more would have come: without a limit, requests for pressure_min times as many calls came while one call
// hung; and where the limit was what kept them back: calls stood near their greatest number for plateau_share_min of the time
// (a circuit breaker lets them fall to none). Requests of routes that never call the dependency while all is well must
// be answered well (below 500) in time; those need trace ids. Pure.
#pragma once

#include "harness/verify/evidence.h"
#include "harness/verify/finding.h"
#include "harness/verify/timeline.h"

namespace stormproof::verify {

inline constexpr Nanoseconds bulkhead_slack = std::chrono::milliseconds(50);
inline constexpr double pressure_min = 2;
inline constexpr double plateau_near = 0.8;  // of the greatest number
inline constexpr double plateau_share_min = 0.5;
inline constexpr std::uint64_t held_calls_min = 20;
inline constexpr Nanoseconds hang_min = std::chrono::milliseconds(50);  // median of the calls that a fault held

Finding judge_bulkhead(const View& view, const PhaseWindow& phase, const scenarios::BulkheadExpectation& expectation);

}  // namespace stormproof::verify
