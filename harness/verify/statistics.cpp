#include "harness/verify/statistics.h"

#include <algorithm>
#include <boost/math/special_functions/beta.hpp>
#include <cmath>

namespace stormproof::verify {
namespace {

double real(std::uint64_t count) { return static_cast<double>(count); }

bool decided(std::uint64_t k, std::uint64_t n, double limit, double confidence) {
  return share_upper(k, n, confidence) <= limit || share_lower(k, n, confidence) > limit;
}

}  // namespace

double share_upper(std::uint64_t k, std::uint64_t n, double confidence) {
  if (k >= n) return 1;
  return boost::math::ibeta_inv(real(k) + 1, real(n - k), confidence);
}

double share_lower(std::uint64_t k, std::uint64_t n, double confidence) {
  if (k == 0 || n == 0) return 0;
  k = std::min(k, n);
  return boost::math::ibeta_inv(real(k), real(n - k) + 1, 1 - confidence);
}

double binomial_at_least(std::uint64_t k, std::uint64_t n, double p) {
  if (k == 0) return 1;
  if (k > n) return 0;
  return boost::math::ibeta(real(k), real(n - k) + 1, std::clamp(p, 0.0, 1.0));
}

double binomial_at_most(std::uint64_t k, std::uint64_t n, double p) {
  if (k >= n) return 1;
  return boost::math::ibetac(real(k) + 1, real(n - k), std::clamp(p, 0.0, 1.0));
}

QuantileRanks quantile_ranks(std::uint64_t n, double q, double confidence) {
  QuantileRanks ranks;
  // The l-th value is <= the quantile exactly when at least l values are: Binomial(n, q).
  std::uint64_t low = 0;
  std::uint64_t high = n;
  while (low < high) {
    const std::uint64_t middle = high - (high - low) / 2;
    if (binomial_at_least(middle, n, q) >= confidence) low = middle;
    else high = middle - 1;
  }
  if (low > 0) ranks.lower = low;
  low = 1;
  high = n + 1;
  while (low < high) {
    const std::uint64_t middle = low + (high - low) / 2;
    if (middle <= n && binomial_at_most(middle - 1, n, q) >= confidence) high = middle;
    else low = middle + 1;
  }
  if (n > 0 && low <= n && binomial_at_most(low - 1, n, q) >= confidence) ranks.upper = low;
  return ranks;
}

std::uint64_t samples_for_quantile(double q, double confidence) {
  if (q <= 0) return 1;
  if (q >= 1) return samples_max;
  const double wanted = std::ceil(std::log(1 - confidence) / std::log(q));
  return wanted >= real(samples_max) ? samples_max : static_cast<std::uint64_t>(std::max(1.0, wanted));
}

std::optional<std::uint64_t> samples_to_decide(std::uint64_t k, std::uint64_t n, double limit, double confidence) {
  const double share = n == 0 ? 0 : real(k) / real(n);
  const auto enough = [&](std::uint64_t samples) {
    return decided(static_cast<std::uint64_t>(std::llround(share * real(samples))), samples, limit, confidence);
  };
  std::uint64_t high = std::max<std::uint64_t>(n, 1);
  while (!enough(high)) {
    if (high > samples_max / 2) return std::nullopt;
    high *= 2;
  }
  std::uint64_t low = high / 2;
  while (high - low > 1 + high / 100) {
    const std::uint64_t middle = low + (high - low) / 2;
    if (enough(middle)) high = middle;
    else low = middle;
  }
  return high;
}

}  // namespace stormproof::verify
