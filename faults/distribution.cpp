#include "faults/distribution.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/math/special_functions/erf.hpp>
#include <cmath>
#include <numbers>
#include <utility>

namespace stormproof::faults {
namespace {

using Kind = Distribution::Kind;

constexpr std::array<std::pair<Kind, std::string_view>, 5> names = {{{Kind::fixed, "fixed"},
                                                                     {Kind::uniform, "uniform"},
                                                                     {Kind::normal, "normal"},
                                                                     {Kind::lognormal, "lognormal"},
                                                                     {Kind::pareto, "pareto"}}};

// The standard normal's quantile; at the ends, that of the last draw that is no end.
double standard_normal(double unit) {
  constexpr double edge = 1e-12;
  return std::numbers::sqrt2 * boost::math::erf_inv(2 * std::clamp(unit, edge, 1 - edge) - 1);
}

constexpr double z_of_p99 = 2.3263478740408408;

}  // namespace

base::Nanoseconds Distribution::draw(double unit) const {
  const auto middle = static_cast<double>(base.count());
  const auto spread = static_cast<double>(jitter.count());
  double nanoseconds = middle;
  switch (kind) {
    case Kind::fixed: return std::clamp(base, base::Nanoseconds(0), at_most);
    case Kind::uniform: nanoseconds = std::floor(middle + (2 * unit - 1) * spread); break;
    case Kind::normal: nanoseconds = middle + standard_normal(unit) * spread; break;
    case Kind::lognormal: {
      const double sigma = std::log(static_cast<double>(p99.count()) / middle) / z_of_p99;
      nanoseconds = middle * std::exp(sigma * standard_normal(unit));
      break;
    }
    case Kind::pareto: nanoseconds = middle / std::pow(1 - unit, 1 / shape); break;
  }
  return base::Nanoseconds(
      static_cast<std::int64_t>(std::clamp(nanoseconds, 0.0, static_cast<double>(at_most.count()))));
}

base::Result<void> Distribution::check() const {
  if (base.count() < 0 || jitter.count() < 0) return base::fail("a duration is negative");
  if (base > longest || jitter > longest) return base::fail("longer than 24h");
  if (at_most.count() <= 0 || at_most > longest) return base::fail("'at-most' lies outside of 0 to 24h");
  if (kind == Kind::lognormal && base.count() <= 0)
    return base::fail("a lognormal delay wants a 'base' (its p50) above 0");
  if (kind == Kind::lognormal && p99 < base)
    return base::fail("a lognormal delay wants a 'p99' of at least its 'base' (its p50)");
  if (kind == Kind::pareto && base.count() <= 0) return base::fail("a Pareto delay wants a 'base' (its scale) above 0");
  if (kind == Kind::pareto && !(shape > 0 && shape <= 100)) return base::fail("'shape' lies outside of 0 to 100");
  return {};
}

std::string_view to_string(Kind kind) {
  const auto found = std::ranges::find(names, kind, &decltype(names)::value_type::first);
  return found == names.end() ? "" : found->second;
}

base::Result<Kind> parse_distribution_kind(std::string_view text) {
  const auto found = std::ranges::find(names, text, &decltype(names)::value_type::second);
  if (found != names.end()) return found->first;
  return base::fail(
      fmt::format("'{}' is no distribution; there are fixed, uniform, normal, lognormal and pareto", text));
}

}  // namespace stormproof::faults
