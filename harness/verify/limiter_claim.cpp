#include "harness/verify/limiter_claim.h"

#include <fmt/format.h>

#include <algorithm>

#include "scenarios/probe_schedule.h"

namespace stormproof::verify {
namespace {

ClassHints hints_of(const scenarios::RateLimitExpectation& claim, bool rested) {
  return {.per_second = claim.rate_per_second,
          .at_once = static_cast<double>(claim.burst.value_or(0)),
          .window = scenarios::refill_time(claim),
          .rested = rested};
}

}  // namespace

Classification classified(const std::vector<Decisions>& callers, const scenarios::RateLimitExpectation& claim,
                          bool rested) {
  if (callers.empty()) return {};
  return classify(*std::ranges::max_element(callers, {}, [](const Decisions& one) { return one.size(); }),
                  hints_of(claim, rested));
}

std::string algorithm_claim(const scenarios::RateLimitExpectation& claim) {
  for (const LimiterClass what : limiter_classes) {
    if (name_of(what) == claim.algorithm) return fmt::format("it decides as {}", in_words(what));
  }
  return claim.algorithm;
}

Check check_algorithm(const Classification& found, const scenarios::RateLimitExpectation& claim) {
  Check check{.name = "algorithm", .expected = algorithm_claim(claim), .samples = found.decisions};
  if (!found.what) {
    check.measured = "it cannot be told";
    check.missing = found.missing;
    return check;
  }
  check.measured = found.evidence;
  if (name_of(*found.what) == claim.algorithm) {
    check.verdict = Verdict::holds;
    return check;
  }
  for (const Fit& fit : found.fits) {
    if (name_of(fit.what) == claim.algorithm && fit.contradictions < algorithm_contradictions_min) {
      check.missing = fmt::format("{} contradicts only {} decisions more: more of them, unevenly spread, would tell",
                                  in_words(fit.what), fit.contradictions);
      return check;
    }
  }
  check.verdict = Verdict::violated;
  return check;
}

}  // namespace stormproof::verify
