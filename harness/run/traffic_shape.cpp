#include "harness/run/traffic_shape.h"

#include <filesystem>

#include "replay/arrivals.h"
#include "scenarios/comparing.h"
#include "scenarios/mechanisms.h"

namespace stormproof::run {
namespace {

// The headers of traces that the expectations look at, as bits of events::Exchange.
std::uint8_t carriers_of(const scenarios::Scenario& scenario) {
  std::uint8_t carriers = events::in_traceparent;
  for (const std::string& name : scenarios::trace_headers_of(scenario))
    carriers |= name == "b3" ? events::in_b3 : name == "x-b3" ? events::in_x_b3 : events::in_traceparent;
  return carriers;
}

}  // namespace

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

replay::ScriptOptions script_of(const scenarios::Scenario& scenario, std::uint64_t seed) {
  const scenarios::Traffic& traffic = scenario.traffic;
  replay::ScriptOptions options;
  options.filter.methods = traffic.methods;
  options.filter.paths = traffic.paths;
  options.filter.paths_left_out = traffic.paths_left_out;
  options.filter.sessions = traffic.sessions;
  options.filter.seed = seed;
  const scenarios::Rewrites& rewrites = traffic.rewrites;
  options.rewrites.host = rewrites.host;
  options.rewrites.headers.assign(rewrites.headers.begin(), rewrites.headers.end());
  options.rewrites.headers_removed = rewrites.headers_removed;
  options.rewrites.paths = rewrites.paths;
  options.rewrites.query.assign(rewrites.query.begin(), rewrites.query.end());
  options.rewrites.query_removed = rewrites.query_removed;
  options.allow_writes = traffic.allow_writes;
  options.traced = true;
  options.b3 = carriers_of(scenario) != events::in_traceparent;
  options.memory_max = replay::script_memory_max;
  return options;
}

replay::ShotOptions shots_of(const scenarios::Traffic& traffic, std::uint64_t seed) {
  replay::ShotOptions options{.loops = 0};
  if (!traffic.keep_idempotency_keys) options.key_seed = seed;
  options.affinity = affinity_of(traffic);
  options.requests_max = traffic.requests_max;
  options.per_second_max = traffic.rate_per_second_max;
  return options;
}

replay::SenderOptions sender_of(const scenarios::Scenario& scenario) {
  const scenarios::Traffic& traffic = scenario.traffic;
  replay::SenderOptions options;
  options.at_limit = traffic.drops_at_limit ? replay::AtLimit::drop : replay::AtLimit::queue;
  options.precise = traffic.precise;
  if (traffic.timeout) options.timeout = *traffic.timeout;
  options.key_header = scenarios::key_header_of(scenario);
  options.carriers = carriers_of(scenario);
  options.looks_into_answers = scenarios::looks_into_answers(scenario);
  return options;
}

base::Result<replay::DifferenceRules> difference_rules_of(const scenarios::ComparisonRules& written) {
  replay::DifferenceRules rules;
  const auto add = [&](const std::vector<std::string>& patterns, auto way) -> base::Result<void> {
    for (const std::string& pattern : patterns) {
      if (auto added = (rules.*way)(pattern); !added) return added;
    }
    return {};
  };
  auto added = add(written.ignored, &replay::DifferenceRules::ignore);
  if (added) added = add(written.unordered, &replay::DifferenceRules::unordered);
  if (added) added = add(written.tolerated, &replay::DifferenceRules::tolerate);
  if (!added) return std::unexpected(added.error());
  return rules;
}

}  // namespace stormproof::run
