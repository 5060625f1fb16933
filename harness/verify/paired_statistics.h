// Paired statistics: was the candidate worse than the baseline on the same requests?
//
// Pure functions. Sources: McNemar (1947), exact by the binomial; Tarone (1990) and Hommel and Krummenauer (1998) for
// families of discrete tests; Hodges and Lehmann (1963) for the location of ratios; batch means with Student's t for their
// interval, so that requests near each other in time need not be independent, with batches that grow while they depend on
// each other (Fishman 1978); Carlstein (1986) for the block bootstrap of tails; Benjamini and Hochberg (1995).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace stormproof::verify {

// Pairs that are unlike: `b` speak against the candidate, `c` for it. The probability of b or more, were both alike.
double mcnemar_p(std::uint64_t b, std::uint64_t c);

// A test out of a family: its p-value, and the smallest that it could have reached with the pairs that it had.
struct DiscreteTest {
  double p = 1;
  double p_least = 1;
};

// Which are significant, with the chance of one false among all at most `alpha`. Tests that could not have become
// significant cost the others nothing.
std::vector<bool> significant(std::span<const DiscreteTest> family, double alpha);

// By how many tests alpha is divided at the first step: what a p-value must be below, for an answer to "how many more".
std::uint64_t family_size(std::span<const DiscreteTest> family, double alpha);

// Which p-values stand out, with a share of false ones among them of `share` at most on average.
std::vector<bool> discoveries(std::span<const double> p_values, double share);

// A busy machine favours one of several processes for seconds on end. Samples that took less time in all than this do not
// show how much; of 90 comparisons of 1 s of a version with itself, on two processors that compiled, the middle ratio was
// off by 1.5 % as a standard deviation, where its batches said 1.0 %, and by 9 % at most.
inline constexpr double seconds_of_samples_min = 5;
inline constexpr double disturbance_at_once = 0.03;  // of a logarithm, where they took no time at all; less the longer

// The middle of a ratio, from its logarithms in order of time.
struct Location {
  double estimate = 0;  // of the logarithm
  double standard_error = 0;
  double freedom = 0;      // degrees of it
  double disturbance = 0;  // what may be behind it besides, unseen
  std::uint64_t samples = 0;
  double seconds = 0;                     // that they took
  double lower(double confidence) const;  // one-sided bounds
  double upper(double confidence) const;
  double p_above(double limit) const;  // of "it is at most limit", disturbed or not: small where it is more
  double p_below(double limit) const;  // of "it is at least limit": small where it is less
};
inline constexpr std::uint64_t location_samples_min = 50;
inline constexpr std::uint64_t ratio_batches_max = 50;
inline constexpr std::uint64_t ratio_batches_min = 10;
// Absent: fewer than location_samples_min. Each of up to 50 batches gives the mean of the Hodges-Lehmann middles of its runs of at most 100; the interval is Student's over the
// batches, two made one while each depends on the next. `seconds`: from the first sample to the last.
std::optional<Location> location_of(std::span<const float> logarithms, double seconds);

// The median of the means of all pairs of values.
double hodges_lehmann(std::span<const float> values);

// The ratio of two quantiles of paired samples, as a logarithm, with what a block bootstrap says of it.
struct TailRatio {
  double quantile = 0;
  double estimate = 0;
  std::vector<double> resampled;  // sorted
  double lower(double confidence) const;
  double upper(double confidence) const;
  double p_above(double limit) const;
  double p_below(double limit) const;
};
inline constexpr std::uint64_t resamples = 2000;
// Absent: too few samples for an interval around this quantile (quantile_ranks). `seed` draws the blocks.
std::optional<TailRatio> tail_ratio(std::span<const float> baseline, std::span<const float> candidate, double quantile,
                                    std::uint64_t seed);

// How much more a candidate fails, as a difference of shares of the same n requests: b failed on the candidate only, c on the
// baseline only. p-values of "at most margin more" (small: worse) and of "at least margin more" (small: not worse).
double p_failures_above(std::uint64_t b, std::uint64_t c, std::uint64_t n, double margin);
double p_failures_below(std::uint64_t b, std::uint64_t c, std::uint64_t n, double margin);

}  // namespace stormproof::verify
