// Statistics: exact bounds for counts and quantiles, so that a verdict is never a guess.
//
// Pure functions; counts in, shares in [0, 1] out. All bounds are one-sided at `confidence`, so a lower and an upper
// bound together make a two-sided interval at 2 * confidence - 1. Nothing here assumes a distribution of latencies.
// Sources: Clopper and Pearson (1934), Biometrika 26:404, for shares; order-statistic intervals for quantiles as in
// David and Nagaraja, "Order Statistics" (2003), 7.1; both by the regularised incomplete beta function (Boost.Math).
// The "rule of three" (no failure in n: share <= 3/n at 95 %) is share_upper(0, n).
#pragma once

#include <cstdint>
#include <optional>

namespace stormproof::verify {

inline constexpr double confidence_default = 0.95;

// The share that is exceeded with probability 1 - confidence at most, after `k` of `n`; 1 for n == 0.
double share_upper(std::uint64_t k, std::uint64_t n, double confidence = confidence_default);
// The share that is undercut with probability 1 - confidence at most; 0 for n == 0.
double share_lower(std::uint64_t k, std::uint64_t n, double confidence = confidence_default);

// P(X >= k) and P(X <= k) for X ~ Binomial(n, p).
double binomial_at_least(std::uint64_t k, std::uint64_t n, double p);
double binomial_at_most(std::uint64_t k, std::uint64_t n, double p);

// Ranks (1 = smallest) of the sample values that bound the q-quantile from below and above. Absent: n is too small.
struct QuantileRanks {
  std::optional<std::uint64_t> lower;
  std::optional<std::uint64_t> upper;
};
QuantileRanks quantile_ranks(std::uint64_t n, double q, double confidence = confidence_default);

// The smallest n for which quantile_ranks has an upper rank: 299 for p99 at 95 %.
std::uint64_t samples_for_quantile(double q, double confidence = confidence_default);

// How many samples would decide "share <= limit" one way or the other, if the share stays at k/n. Absent: more than
// samples_max, the share lies too near the limit.
inline constexpr std::uint64_t samples_max = 100'000'000;
std::optional<std::uint64_t> samples_to_decide(std::uint64_t k, std::uint64_t n, double limit,
                                               double confidence = confidence_default);

}  // namespace stormproof::verify
