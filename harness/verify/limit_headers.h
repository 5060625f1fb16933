// LimitHeaders: whether what answers say in RateLimit headers is so, in whichever dialect (events::Dialect). Pure.
//
// Wrong is: a refusal that says that requests remain; an answer that says that more remain than are then admitted before
// the next refusal; a refusal after whose reset nothing is admitted yet; two dialects of one answer that contradict each
// other; a policy whose quota and window are not the rate that is claimed. A reset that comes sooner than said is not:
// of a bucket it is when all of it is there again.
#pragma once

#include <string_view>
#include <vector>

#include "harness/verify/admission.h"
#include "harness/verify/finding.h"

namespace stormproof::verify {

inline constexpr double untruthful_share_max = 0.05;  // of the refusals, about Retry-After
inline constexpr Nanoseconds truth_slack = std::chrono::milliseconds(50);
inline constexpr std::string_view retry_after_claim =
    "each refusal says in Retry-After when the next is admitted, to the second";
inline constexpr double header_share_max = 0.02;  // of the answers that can be checked
inline constexpr double policy_tolerance = 0.05;  // of the rate
inline constexpr Nanoseconds reset_slack = std::chrono::milliseconds(100);

// `truthful-retry-after`: the next admission of the caller lies within the last second of what the refusal said.
Check check_retry_after(const std::vector<Decisions>& callers, Finding& finding);

Check check_headers(const std::vector<Decisions>& callers, double rate_per_second, Finding& finding);

}  // namespace stormproof::verify
