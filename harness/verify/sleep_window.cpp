#include "harness/verify/sleep_window.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "harness/base/units.h"

namespace stormproof::verify {
namespace {

using base::format_duration;

// Intervals of y_i = a + b * i: which slopes have a common intercept? Pairs bound b; then slopes in between are tried.
struct Line {
  double low = 0;  // of the intercept, at the slope chosen
  double high = 0;
  double slope = 0;  // the one that leaves the intercept the most room
};

struct Bounds {
  double low;
  double high;
};

std::optional<Line> line_through(const std::vector<Bounds>& cycles) {
  double least = -INFINITY;
  double most = INFINITY;
  for (std::size_t i = 0; i < cycles.size(); ++i) {
    for (std::size_t j = i + 1; j < cycles.size(); ++j) {
      const double apart = static_cast<double>(j - i);
      least = std::max(least, (cycles[j].low - cycles[i].high) / apart);
      most = std::min(most, (cycles[j].high - cycles[i].low) / apart);
    }
  }
  constexpr int tries = 64;
  std::optional<Line> found;
  double widest = 0;
  for (int at = 0; at <= tries && least <= most; ++at) {
    Line line{.low = -INFINITY, .high = INFINITY, .slope = least + (most - least) * at / tries};
    for (std::size_t i = 0; i < cycles.size(); ++i) {
      line.low = std::max(line.low, cycles[i].low - line.slope * static_cast<double>(i));
      line.high = std::min(line.high, cycles[i].high - line.slope * static_cast<double>(i));
    }
    if (line.low >= line.high) continue;
    if (!found) found = line;
    if (line.high - line.low > widest) found->slope = line.slope;
    widest = std::max(widest, line.high - line.low);
    found->low = std::min(found->low, line.low);
    found->high = std::max(found->high, line.high);
  }
  return found;
}

Nanoseconds whole(double ns) { return Nanoseconds(std::llround(std::clamp(ns, -9e18, 9e18))); }
double real(Nanoseconds ns) { return static_cast<double>(ns.count()); }

std::optional<SleepWindow> constant(const std::vector<Interval>& cycles) {
  if (cycles.size() < law_cycles_min) return std::nullopt;
  Interval common = cycles.front();
  for (const Interval& cycle : cycles) common = {std::max(common.low, cycle.low), std::min(common.high, cycle.high)};
  if (common.empty()) return std::nullopt;
  return SleepWindow{.law = Law::constant, .first = common};
}

std::optional<SleepWindow> growing(const std::vector<Interval>& cycles) {
  if (cycles.size() < law_trend_cycles_min) return std::nullopt;
  std::vector<Bounds> logs;
  for (const Interval& cycle : cycles)
    logs.push_back({std::log(std::max(1.0, real(cycle.low))), std::log(std::max(2.0, real(cycle.high)))});
  const auto line = line_through(logs);
  if (!line || line->slope < std::log(growth_min) || line->slope > std::log(growth_max)) return std::nullopt;
  return SleepWindow{.law = Law::growing,
                     .first = {whole(std::exp(line->low)), whole(std::exp(line->high))},
                     .factor = std::exp(line->slope)};
}

std::optional<SleepWindow> linear(const std::vector<Interval>& cycles) {
  if (cycles.size() < law_trend_cycles_min) return std::nullopt;
  std::vector<Bounds> bounds;
  for (const Interval& cycle : cycles) bounds.push_back({real(cycle.low), real(cycle.high)});
  const auto line = line_through(bounds);
  if (!line || line->slope < (growth_min - 1) * line->low || line->low <= 0) return std::nullopt;
  return SleepWindow{.law = Law::linear, .first = {whole(line->low), whole(line->high)}, .step = whole(line->slope)};
}

std::optional<SleepWindow> jittered(const std::vector<Interval>& cycles) {
  if (cycles.size() < law_cycles_min) return std::nullopt;
  const Nanoseconds least = std::ranges::min(cycles, {}, &Interval::low).low;
  const Nanoseconds most = std::ranges::max(cycles, {}, &Interval::high).high;
  if (least <= Nanoseconds(0) || real(most) > jitter_ratio_max * real(least)) return std::nullopt;
  return SleepWindow{.law = Law::jittered, .first = {least, most}};
}

}  // namespace

Interval SleepWindow::of(std::size_t i) const {
  const double scale = std::pow(factor, static_cast<double>(i));
  const Nanoseconds more = step * static_cast<std::int64_t>(i);
  return {whole(real(first.low) * scale) + more, whole(real(first.high) * scale) + more};
}

SleepWindow fit(const std::vector<Interval>& cycles) {
  for (const auto law : {constant, growing, linear, jittered}) {
    if (const auto window = law(cycles)) return *window;
  }
  return {};
}

std::string describe(const SleepWindow& window, std::size_t cycles) {
  const std::string within =
      fmt::format("within {} to {}", format_duration(window.first.low), format_duration(window.first.high));
  switch (window.law) {
    case Law::constant:
      return fmt::format("{} ({} cycles, each {})", format_duration(window.first.middle()), cycles, within);
    case Law::growing:
      return fmt::format("{} at first, then x {:.2f} each time ({} cycles, the first {})",
                         format_duration(window.first.middle()), window.factor, cycles, within);
    case Law::linear:
      return fmt::format("{} at first, then {} more each time ({} cycles, the first {})",
                         format_duration(window.first.middle()), format_duration(window.step), cycles, within);
    case Law::jittered:
      return fmt::format("between {} and {}, with jitter ({} cycles)", format_duration(window.first.low),
                         format_duration(window.first.high), cycles);
    case Law::unknown: break;
  }
  return fmt::format("by no law that fits ({} cycles)", cycles);
}

}  // namespace stormproof::verify
