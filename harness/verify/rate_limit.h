// Rate limit: what a service admits of too many requests, against what it claims.
//
// `rate`: admitted while the limit was reached, over the time that it was (admission.h), within rate_tolerance. `burst`:
// no stretch of time admits more than the burst and what the rate gives meanwhile, wherever in its span each decision
// lay; the burst must have been spent to HOLD. `wrongly-refused-at-most`: by a token bucket of rate and burst.
// `truthful-retry-after`: the next admission of the caller lies within the last second of what the refusal said. Where
// each caller has a limit of its own, each statement is judged over all callers. Pure.
#pragma once

#include "harness/verify/admission.h"
#include "harness/verify/finding.h"

namespace stormproof::verify {

inline constexpr double rate_tolerance = 0.05;
inline constexpr double uneven_tolerance = 0.15;   // of a rate that is too low, where requests come unevenly
inline constexpr double envelope_slack = 0.005;    // of the rate: clocks differ
inline constexpr double refill_slack = 0.02;       // of the rate, in favour of a refusal
inline constexpr double unknown_share_max = 0.02;  // of the requests: more failures leave open what was admitted
inline constexpr double burst_seconds_max =
    10;  // where no burst is claimed: a limit admits no more than so long's worth at once
inline constexpr std::uint64_t refusals_min = 20;  // fewer do not show a limit

Finding judge_rate_limit(const View& view, const PhaseWindow& phase,
                         const scenarios::RateLimitExpectation& expectation);

}  // namespace stormproof::verify
