#include "reports/axis.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <span>

namespace stormproof::reports {
namespace {

constexpr std::array clock_steps = {1.0, 2.0, 5.0};
constexpr std::array axis_steps = {1.0, 1.2, 1.6, 2.0, 2.4, 3.0, 4.0, 5.0, 6.0, 8.0};
constexpr double head_room = 1.04;

// The smallest of `steps` times a power of ten that is not below `value`.
double round_up(double value, std::span<const double> steps) {
  if (value <= 0) return 1;
  const double power = std::pow(10.0, std::floor(std::log10(value)));
  for (const double step : steps) {
    if (value <= step * power * (1 + 1e-9)) return step * power;
  }
  return 10 * power;
}

}  // namespace

double axis_end(double most) { return round_up(head_room * most, axis_steps); }

double clock_step_s(double span_s) { return round_up(span_s / 12, clock_steps); }

std::string tick_text(double value) {
  if (value >= 1000) return fmt::format("{:g}k", value / 1000);
  return fmt::format("{:g}", value);
}

}  // namespace stormproof::reports
