#include "harness/run/traffic_shape.h"

#include <filesystem>

#include "replay/arrivals.h"

namespace stormproof::run {

base::Result<replay::PacingOptions> pacing_of(const scenarios::Scenario& scenario, std::uint64_t seed) {
  const scenarios::Traffic& traffic = scenario.traffic;
  if (traffic.rate_per_second) return replay::ConstantRate{*traffic.rate_per_second};
  if (traffic.poisson_per_second) return replay::PoissonRate{*traffic.poisson_per_second, seed};
  if (traffic.ramp)
    return replay::RampedRate{traffic.ramp->from_per_second, traffic.ramp->to_per_second, traffic.ramp->over};
  if (!traffic.steps.empty()) {
    replay::SteppedRate stepped;
    for (const scenarios::RateStep& step : traffic.steps)
      stepped.steps.push_back({step.per_second, step.lasting.value_or(base::Nanoseconds(0))});
    return stepped;
  }
  if (traffic.arrivals) {
    const std::filesystem::path folder = std::filesystem::path(scenario.file).parent_path();
    auto times = replay::read_arrivals((folder / traffic.arrivals->file).string(), traffic.arrivals->column);
    if (!times) return std::unexpected(times.error());
    return replay::Arrivals{std::move(*times), traffic.arrivals->speed, traffic.arrivals->file};
  }
  return replay::Speed{traffic.speed.value_or(1)};
}

replay::Affinity affinity_of(const scenarios::Traffic& traffic) {
  switch (traffic.affinity) {
    case scenarios::Affinity::recorded: return replay::Affinity::recorded;
    case scenarios::Affinity::session: return replay::Affinity::session;
    case scenarios::Affinity::none: break;
  }
  return replay::Affinity::pool;
}

}  // namespace stormproof::run
