#include "faults/latency.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "harness/base/seed.h"

namespace stormproof::faults {

base::Nanoseconds Latency::draw(std::uint64_t seed, std::string_view rule, std::uint64_t identity) const {
  if (jitter.count() <= 0) return base;
  const double unit = base::draw_unit(seed, std::string(rule) + "/latency", identity);
  // Rounded down: rounding to the nearest would reach base + jitter, which is outside.
  const double offset = std::floor((2 * unit - 1) * static_cast<double>(jitter.count()));
  return std::max(base + base::Nanoseconds(static_cast<std::int64_t>(offset)), base::Nanoseconds(0));
}

}  // namespace stormproof::faults
