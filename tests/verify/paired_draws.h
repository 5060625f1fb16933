// Paired draws: latencies and answers of simulated requests, drawn by a seed; for the tests of the statistics.
#pragma once

#include <cmath>
#include <numbers>
#include <string_view>

#include "harness/base/seed.h"

namespace stormproof::verify {

// Standard normal (Box and Muller).
inline double normal(std::uint64_t seed, std::string_view rule, std::uint64_t identity) {
  const double u = 1 - base::draw_unit(seed, rule, 2 * identity);
  const double v = base::draw_unit(seed, rule, 2 * identity + 1);
  return std::sqrt(-2 * std::log(u)) * std::cos(2 * std::numbers::pi * v);
}

}  // namespace stormproof::verify
