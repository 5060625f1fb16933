// LimiterClaim: the algorithm that a scenario claims of a rate limit, held against the one that its decisions tell. Pure.
#pragma once

#include <string>
#include <vector>

#include "harness/verify/finding.h"
#include "harness/verify/limiter_class.h"

namespace stormproof::verify {

inline constexpr std::uint64_t algorithm_contradictions_min = 10;  // of another algorithm than the claimed one

// By the decisions on the requests of the caller that sent most; the search begins at what is claimed. `rested`:
// nothing was sent before for so long that all quotas were full.
Classification classified(const std::vector<Decisions>& callers, const scenarios::RateLimitExpectation& claim,
                          bool rested);

// "it decides as a token bucket (or GCRA)".
std::string algorithm_claim(const scenarios::RateLimitExpectation& claim);

// VIOLATED where another algorithm is told and this one contradicts enough decisions.
Check check_algorithm(const Classification& found, const scenarios::RateLimitExpectation& claim);

}  // namespace stormproof::verify
