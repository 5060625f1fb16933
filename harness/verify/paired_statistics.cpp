#include "harness/verify/paired_statistics.h"

#include <algorithm>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <numeric>

#include "harness/verify/statistics.h"

namespace stormproof::verify {
namespace {

double real(std::uint64_t count) { return static_cast<double>(count); }

// Tarone's: the smallest number k, of which at most k tests of those left could reach alpha / k.
std::uint64_t size_of(std::span<const DiscreteTest> family, const std::vector<bool>& out, double alpha) {
  std::vector<double> least;
  for (std::size_t i = 0; i < family.size(); ++i) {
    if (!out[i]) least.push_back(family[i].p_least);
  }
  std::ranges::sort(least);
  std::uint64_t size = 1;
  while (size < least.size() && least[size] <= alpha / real(size)) {
    // More than `size` tests can reach alpha / size.
    ++size;
  }
  return size;
}

double middle_of_batch(std::span<const float> batch) {
  constexpr std::size_t run_max = 100;
  const std::size_t runs = (batch.size() + run_max - 1) / run_max;
  double sum = 0;
  for (std::size_t i = 0; i < runs; ++i) {
    const std::size_t begin = batch.size() * i / runs;
    sum += hodges_lehmann(batch.subspan(begin, batch.size() * (i + 1) / runs - begin));
  }
  return sum / real(runs);
}

struct Spread {
  double mean = 0;
  double squares = 0;
  double correlation = 0;  // of each with the next
};

Spread spread_of(std::span<const double> values) {
  Spread spread{.mean = std::accumulate(values.begin(), values.end(), 0.0) / real(values.size())};
  double products = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double off = values[i] - spread.mean;
    spread.squares += off * off;
    if (i > 0) products += off * (values[i - 1] - spread.mean);
  }
  if (spread.squares > 0) spread.correlation = products / spread.squares;
  return spread;
}

// splitmix64: a stream of draws for the bootstrap, the same on every machine.
class Draws {
 public:
  explicit Draws(std::uint64_t seed) : state_(seed) {}
  std::uint64_t below(std::uint64_t bound) {
    state_ += 0x9e3779b97f4a7c15ULL;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return (z ^ (z >> 31)) % bound;
  }

 private:
  std::uint64_t state_;
};

// The largest values first, each with the block that it is of: as many as any resample can need, and a little more.
struct Top {
  std::vector<float> values;
  std::vector<std::uint32_t> blocks;
};

Top top_of(std::span<const float> samples, std::uint64_t block, std::size_t count) {
  std::vector<std::uint32_t> order(samples.size());
  std::iota(order.begin(), order.end(), 0U);
  const auto larger = [&](std::uint32_t a, std::uint32_t b) {
    return samples[a] != samples[b] ? samples[a] > samples[b] : a < b;
  };
  std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(count), order.end(), larger);
  Top top;
  for (std::size_t i = 0; i < count; ++i) {
    top.values.push_back(samples[order[i]]);
    top.blocks.push_back(static_cast<std::uint32_t>(order[i] / block));
  }
  return top;
}

// The value that `above` of the resampled ones are larger than, each block counted as often as it was drawn.
float value_with(const Top& top, const std::vector<std::uint32_t>& drawn, std::uint64_t above) {
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < top.values.size(); ++i) {
    seen += drawn[top.blocks[i]];
    if (seen > above) return top.values[i];
  }
  return top.values.back();
}

double share_reaching(std::size_t reaching, std::size_t all) { return real(reaching + 1) / real(all + 1); }

}  // namespace

double mcnemar_p(std::uint64_t b, std::uint64_t c) { return binomial_at_least(b, b + c, 0.5); }

std::vector<bool> significant(std::span<const DiscreteTest> family, double alpha) {
  std::vector<bool> out(family.size());
  for (bool more = true; more;) {
    more = false;
    const double limit = alpha / real(size_of(family, out, alpha));
    for (std::size_t i = 0; i < family.size(); ++i) {
      if (out[i] || family[i].p > limit) continue;
      out[i] = true;
      more = true;
    }
  }
  return out;
}

std::uint64_t family_size(std::span<const DiscreteTest> family, double alpha) {
  return size_of(family, std::vector<bool>(family.size()), alpha);
}

std::vector<bool> discoveries(std::span<const double> p_values, double share) {
  std::vector<std::size_t> order(p_values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, {}, [&](std::size_t i) { return p_values[i]; });
  std::vector<bool> found(p_values.size());
  for (std::size_t rank = order.size(); rank > 0; --rank) {
    if (p_values[order[rank - 1]] > share * real(rank) / real(order.size())) continue;
    for (std::size_t i = 0; i < rank; ++i) found[order[i]] = true;
    break;
  }
  return found;
}

double Location::lower(double confidence) const {
  return estimate - standard_error * boost::math::quantile(boost::math::students_t(freedom), confidence);
}

double Location::upper(double confidence) const {
  return estimate + standard_error * boost::math::quantile(boost::math::students_t(freedom), confidence);
}

double Location::p_above(double limit) const {
  const double error = std::hypot(standard_error, disturbance);
  if (error == 0) return estimate > limit ? 0 : 1;
  return boost::math::cdf(boost::math::complement(boost::math::students_t(freedom), (estimate - limit) / error));
}

double Location::p_below(double limit) const {
  if (standard_error == 0) return estimate < limit ? 0 : 1;
  return boost::math::cdf(boost::math::students_t(freedom), (estimate - limit) / standard_error);
}

double hodges_lehmann(std::span<const float> values) {
  std::vector<float> means;
  means.reserve(values.size() * (values.size() + 1) / 2);
  for (std::size_t i = 0; i < values.size(); ++i) {
    for (std::size_t j = i; j < values.size(); ++j) means.push_back((values[i] + values[j]) / 2);
  }
  if (means.empty()) return 0;
  const auto middle = means.begin() + static_cast<std::ptrdiff_t>(means.size() / 2);
  std::ranges::nth_element(means, middle);
  if (means.size() % 2 == 1) return static_cast<double>(*middle);
  return (static_cast<double>(*middle) + static_cast<double>(*std::max_element(means.begin(), middle))) / 2;
}

std::optional<Location> location_of(std::span<const float> logarithms, double seconds) {
  const std::size_t n = logarithms.size();
  if (n < location_samples_min) return std::nullopt;
  constexpr std::size_t batch_min = 5;
  const std::size_t batches = std::min<std::size_t>(ratio_batches_max, n / batch_min);
  std::vector<double> middles;
  for (std::size_t i = 0; i < batches; ++i) {
    const std::size_t begin = n * i / batches;
    middles.push_back(middle_of_batch(logarithms.subspan(begin, n * (i + 1) / batches - begin)));
  }
  Location location;
  location.samples = n;
  location.seconds = seconds;
  Spread spread = spread_of(middles);
  // Independent ones exceed this in one case of five.
  while (middles.size() >= 2 * ratio_batches_min && spread.correlation > 0.84 / std::sqrt(real(middles.size()))) {
    for (std::size_t i = 0; i < middles.size() / 2; ++i) middles[i] = (middles[2 * i] + middles[2 * i + 1]) / 2;
    middles.resize(middles.size() / 2);
    spread = spread_of(middles);
  }
  location.estimate = spread.mean;
  location.freedom = real(middles.size() - 1);
  location.standard_error = std::sqrt(spread.squares / location.freedom / real(middles.size()));
  location.disturbance = disturbance_at_once * std::max(0.0, 1 - seconds / seconds_of_samples_min);
  return location;
}

std::optional<TailRatio> tail_ratio(std::span<const float> baseline, std::span<const float> candidate, double quantile,
                                    std::uint64_t seed) {
  const std::uint64_t n = std::min(baseline.size(), candidate.size());
  const QuantileRanks ranks = quantile_ranks(n, quantile);
  if (!ranks.lower || !ranks.upper) return std::nullopt;
  const auto block = std::max<std::uint64_t>(static_cast<std::uint64_t>(std::cbrt(real(n))), n / ratio_batches_max);
  const std::uint64_t blocks = (n + block - 1) / block;
  const auto above = static_cast<std::uint64_t>(std::floor((1 - quantile) * real(n)));
  // A resample may draw the blocks of the largest values seldom, or not at all.
  const auto count =
      static_cast<std::size_t>(std::min<double>(real(n), 3 * real(above) + 20 * std::sqrt(real(above * block)) + 100));
  const Top top_baseline = top_of(baseline.first(n), block, count);
  const Top top_candidate = top_of(candidate.first(n), block, count);
  TailRatio ratio{.quantile = quantile, .estimate = 0, .resampled = {}};
  const auto log_ratio = [&](const std::vector<std::uint32_t>& drawn) {
    return std::log(static_cast<double>(value_with(top_candidate, drawn, above))) -
           std::log(static_cast<double>(value_with(top_baseline, drawn, above)));
  };
  ratio.estimate = log_ratio(std::vector<std::uint32_t>(blocks, 1));
  Draws draws(seed);
  std::vector<std::uint32_t> drawn(blocks);
  for (std::uint64_t i = 0; i < resamples; ++i) {
    std::ranges::fill(drawn, 0);
    for (std::uint64_t j = 0; j < blocks; ++j) ++drawn[draws.below(blocks)];
    ratio.resampled.push_back(log_ratio(drawn));
  }
  std::ranges::sort(ratio.resampled);
  return ratio;
}

double TailRatio::lower(double confidence) const {
  return resampled[static_cast<std::size_t>((1 - confidence) * real(resampled.size()))];
}

double TailRatio::upper(double confidence) const {
  return resampled[std::min(resampled.size() - 1, static_cast<std::size_t>(confidence * real(resampled.size())))];
}

double TailRatio::p_above(double limit) const {
  const auto beyond = std::ranges::upper_bound(resampled, limit) - resampled.begin();
  return share_reaching(static_cast<std::size_t>(beyond), resampled.size());
}

double TailRatio::p_below(double limit) const {
  const auto beyond = resampled.end() - std::ranges::lower_bound(resampled, limit);
  return share_reaching(static_cast<std::size_t>(beyond), resampled.size());
}

double p_failures_above(std::uint64_t b, std::uint64_t c, std::uint64_t n, double margin) {
  if (n == 0) return 1;
  // Worse at all, and more failures than the baseline's own rate with the margin would give.
  const double allowed = std::min(1.0, margin + real(c) / real(n));
  return std::max(mcnemar_p(b, c), binomial_at_least(b, n, allowed));
}

double p_failures_below(std::uint64_t b, std::uint64_t c, std::uint64_t n, double margin) {
  if (n == 0) return 1;
  if (c == 0) return binomial_at_most(b, n, margin);
  // Bonett and Price (2012): an adjusted Wald interval for the difference of paired shares.
  const double m = real(n) + 2;
  const double share_b = (real(b) + 1) / m;
  const double share_c = (real(c) + 1) / m;
  const double difference = share_b - share_c;
  const double error = std::sqrt((share_b + share_c - difference * difference) / m);
  return boost::math::cdf(boost::math::normal(), (difference - margin) / error);
}

}  // namespace stormproof::verify
