#include "harness/verify/batches.h"

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>

namespace stormproof::verify {

std::optional<MeanBounds> mean_bounds(std::span<const double> values, double confidence) {
  if (values.size() < batches_min) return std::nullopt;
  const double n = static_cast<double>(values.size());
  double sum = 0;
  double squares = 0;
  for (const double value : values) sum += value;
  const double mean = sum / n;
  for (const double value : values) squares += (value - mean) * (value - mean);
  const boost::math::students_t law(n - 1);
  const double reach = boost::math::quantile(law, confidence) * std::sqrt(squares / (n - 1) / n);
  return MeanBounds{mean, mean - reach, mean + reach};
}

std::size_t batches_for(std::size_t requests) {
  const std::size_t count = std::min(requests / batch_requests_min, batches_max);
  return count < batches_min ? 0 : count;
}

}  // namespace stormproof::verify
