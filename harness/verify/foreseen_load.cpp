#include "harness/verify/foreseen_load.h"

#include <algorithm>

#include "harness/verify/load.h"
#include "harness/verify/overload.h"

namespace stormproof::verify {
namespace {

struct Stretch {
  Nanoseconds from{0};
  Nanoseconds to{0};
  double per_second = 0;
};

std::vector<Stretch> stretches_of(const scenarios::Traffic& traffic, Nanoseconds end) {
  if (traffic.rate_per_second) return {{Nanoseconds(0), end, *traffic.rate_per_second}};
  if (traffic.poisson_per_second) return {{Nanoseconds(0), end, *traffic.poisson_per_second}};
  std::vector<Stretch> found;
  Nanoseconds at{0};
  for (const scenarios::RateStep& step : traffic.steps) {
    const bool last = &step == &traffic.steps.back();
    const Nanoseconds to = last ? std::max(at, end) : at + step.lasting.value_or(Nanoseconds(0));
    found.push_back({at, to, step.per_second});
    at = to;
  }
  return found;
}

}  // namespace

std::optional<std::vector<PlannedLevel>> planned_levels(const scenarios::Scenario& scenario,
                                                        std::span<const PlannedTraffic> planned, std::size_t last) {
  Nanoseconds end{0};
  for (const PlannedTraffic& phase : planned) end += phase.lasting;
  const std::vector<Stretch> stretches = stretches_of(scenario.traffic, end);
  if (stretches.empty()) return std::nullopt;
  std::vector<PlannedLevel> levels;
  Nanoseconds from{0};
  for (std::size_t phase = 0; phase <= last && phase < planned.size(); ++phase) {
    const Nanoseconds to = from + planned[phase].lasting;
    const bool hurt = phase > 0 && !scenario.phases[phase - 1].faults.empty();
    for (const Stretch& stretch : stretches) {
      const Nanoseconds lasting = std::min(to, stretch.to) - std::max(from, stretch.from);
      const double requests = stretch.per_second * static_cast<double>(lasting.count()) / 1e9;
      if (!hurt && lasting >= level_length_min && requests >= static_cast<double>(level_requests_min))
        levels.push_back({stretch.per_second, phase});
    }
    from = to;
  }
  return levels;
}

bool shows_overload(const std::vector<PlannedLevel>& levels, std::size_t here, double at) {
  double highest = 0;  // of this phase
  for (const PlannedLevel& level : levels)
    highest = level.phase == here ? std::max(highest, level.per_second) : highest;
  const double peak_most = highest / (at * (1 - overload_near));
  return std::ranges::any_of(
      levels, [&](const PlannedLevel& level) { return level.per_second <= peak_exceeded_most * peak_most; });
}

}  // namespace stormproof::verify
