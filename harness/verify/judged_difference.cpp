#include "harness/verify/judged_difference.h"

#include <algorithm>
#include <cmath>
#include <tuple>

#include "harness/verify/paired_statistics.h"
#include "harness/verify/statistics.h"

namespace stormproof::verify {
namespace {

using replay::Comparison;

double real(std::uint64_t count) { return static_cast<double>(count); }

std::uint64_t rounded_up(double value) {
  return value >= real(samples_max) ? samples_max : static_cast<std::uint64_t>(std::ceil(std::max(value, 1.0)));
}

// The smallest p-value that so many unlike pairs can give.
double least_p(std::uint64_t unlike) {
  constexpr std::uint64_t enough = 1000;
  return std::ldexp(1.0, -static_cast<int>(std::min(unlike, enough)));
}

std::vector<DiscreteTest> tests_of(const Comparison& comparison) {
  std::vector<DiscreteTest> tests;
  for (const auto& [key, counts] : comparison.differences()) {
    DiscreteTest test{mcnemar_p(counts.candidate_only, counts.noise_only) / first_pass_share,
                      least_p(counts.candidate_only + counts.noise_only) / first_pass_share};
    if (const replay::Repeats& repeats = counts.repeats; repeats.sent > 0) {
      const double share = 1 - first_pass_share;
      test.p = std::min(test.p, mcnemar_p(repeats.candidate_only, repeats.noise_only) / share);
      test.p_least = std::min(test.p_least, least_p(repeats.candidate_only + repeats.noise_only) / share);
    }
    test.p = std::min(test.p, 1.0);
    tests.push_back(test);
  }
  return tests;
}

// Requests of its route with which a difference that goes on as it has begun becomes significant.
std::optional<std::uint64_t> requests_for(const JudgedDifference& difference, std::uint64_t family, double alpha) {
  const std::uint64_t b = difference.counts->candidate_only;
  const std::uint64_t c = difference.counts->noise_only;
  if (b <= c || difference.requests == 0) return std::nullopt;
  for (double factor = 1; real(difference.requests) * factor < real(samples_max); factor *= 1.1) {
    const auto more_b = static_cast<std::uint64_t>(std::llround(real(b) * factor));
    const auto more_c = static_cast<std::uint64_t>(std::llround(real(c) * factor));
    if (mcnemar_p(more_b, more_c) <= first_pass_share * alpha / real(family))
      return rounded_up(real(difference.requests) * factor);
  }
  return std::nullopt;
}

// Whether what is left unexplained is rare enough: at most `margin` of the route's requests, after repeats that showed it again
// neither time.
bool negligible(const JudgedDifference& difference, double margin) {
  const replay::Repeats& repeats = difference.counts->repeats;
  if (repeats.sent == 0 || repeats.candidate_only > 0) return false;
  return share_upper(difference.counts->candidate_only, difference.requests) <= margin;
}

Cause cause_of(const JudgedDifference& difference, bool is_significant, bool has_second, double margin) {
  const replay::DifferenceCounts& counts = *difference.counts;
  if (!has_second) return Cause::untold;
  if (is_significant) return Cause::real;
  if (counts.candidate_only == 0) return Cause::noise;
  const bool noise_seen = counts.noise() > 0 || counts.repeats.noise_only > 0;
  if (noise_seen && difference.p > doubt) return Cause::noise;
  return negligible(difference, margin) ? Cause::noise : Cause::undecided;
}

}  // namespace

std::string_view to_string(Cause cause) {
  switch (cause) {
    case Cause::real: return "real";
    case Cause::undecided: return "undecided";
    case Cause::untold: return "not told from noise";
    case Cause::noise: return "noise";
  }
  return "";
}

std::vector<JudgedDifference> judge_differences(const Comparison& comparison, double alpha, double margin) {
  std::vector<JudgedDifference> all;
  const auto tests = tests_of(comparison);
  const auto are_significant = significant(tests, alpha);
  const std::uint64_t family = family_size(tests, alpha);
  std::size_t i = 0;
  for (const auto& [key, counts] : comparison.differences()) {
    JudgedDifference judged{key, &counts, comparison.requests_of(key.route), Cause::undecided, tests[i].p, {}};
    judged.cause = cause_of(judged, are_significant[i], comparison.has_second(), margin);
    if (judged.cause == Cause::undecided) judged.requests_needed = requests_for(judged, family, alpha);
    all.push_back(std::move(judged));
    ++i;
  }
  // The worst first.
  std::ranges::sort(all, [](const JudgedDifference& a, const JudgedDifference& b) {
    return std::tuple(a.cause, b.counts->candidate_only, a.key) < std::tuple(b.cause, a.counts->candidate_only, b.key);
  });
  return all;
}

std::uint64_t repeats_for(std::size_t differences, double alpha) {
  const double limit = (1 - first_pass_share) * alpha / real(std::max<std::size_t>(1, differences));
  return rounded_up(-std::log2(limit));
}

}  // namespace stormproof::verify
