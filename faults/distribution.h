// Distribution: how long, as a distribution says; drawing is pure.
//
//   fixed      base
//   uniform    base - jitter up to, not including, base + jitter (as toxiproxy)
//   normal     mean base, standard deviation jitter
//   lognormal  half are below p50, 99 % below p99
//   pareto     none is below base (its scale); the tail falls with the power `shape`: the smaller, the heavier
//
// A draw below 0 is 0, one above `at_most` is that: no tail makes a connection wait for ever.
#pragma once

#include <cstdint>
#include <string_view>

#include "harness/base/clock.h"
#include "harness/base/error.h"

namespace stormproof::faults {

struct Distribution {
  enum class Kind : std::uint8_t { fixed, uniform, normal, lognormal, pareto };
  static constexpr base::Nanoseconds longest = std::chrono::hours(24);

  Kind kind = Kind::fixed;
  base::Nanoseconds base{0};    // fixed, uniform, normal: the middle; lognormal: p50; pareto: the scale
  base::Nanoseconds jitter{0};  // uniform, normal
  base::Nanoseconds p99{0};     // lognormal
  double shape = 2;             // pareto
  base::Nanoseconds at_most = longest;

  // `unit` in [0, 1), equally spread.
  base::Nanoseconds draw(double unit) const;

  base::Result<void> check() const;

  bool operator==(const Distribution&) const = default;
};

std::string_view to_string(Distribution::Kind kind);
base::Result<Distribution::Kind> parse_distribution_kind(std::string_view text);

}  // namespace stormproof::faults
