#include "tests/verify/probe_simulation.h"

#include <algorithm>
#include <cmath>
#include <random>

namespace stormproof::verify::simulation {
namespace {

using base::Nanoseconds;
using base::Time;
using std::chrono::seconds;

constexpr Time begin{seconds(1'700'000'000)};
constexpr seconds steady{2};

struct Asked {
  Time decided{};
  std::size_t shot = 0;
  events::Exchange request = {};
};

}  // namespace

scenarios::RateLimitExpectation promised(const support::LimiterSettings& limiter) {
  scenarios::RateLimitExpectation claim{.rate_per_second = limiter.promised_rate()};
  claim.burst = static_cast<std::uint64_t>(limiter.promised_at_once());
  if (limiter.kind != support::LimiterKind::token_bucket && limiter.kind != support::LimiterKind::leaky_queue)
    claim.window = limiter.window;
  return claim;
}

events::Log simulate(const ProbeRun& run) {
  const auto schedule = scenarios::probe_schedule(run.probe, run.claim);
  std::mt19937_64 random(run.seed);
  const auto around = [&](double ms) {
    return Nanoseconds(std::llround(1e6 * ms * std::exp(run.spread * std::normal_distribution<double>(0, 1)(random))));
  };
  events::Log log;
  const events::NameId candidate = log.names.id_of("candidate");
  const Time from = begin + steady;
  log.mark(begin, events::MarkKind::phase_begin, "steady state");
  log.mark(from, events::MarkKind::phase_end, "steady state");
  log.mark(from, events::MarkKind::phase_begin, "probe");
  log.mark(from + schedule.lasting, events::MarkKind::phase_end, "probe");
  std::vector<Asked> asked;
  for (std::size_t at = 0; at < schedule.shots.size(); ++at) {
    Asked one{.shot = at};
    one.request.party = candidate;
    one.request.request = scenarios::first_probe_request(0) + at;
    one.request.intended = from + schedule.shots[at].offset;
    one.request.start = one.request.intended + around(0.05);
    one.decided = one.request.start + around(run.network_ms);
    asked.push_back(one);
  }
  std::ranges::sort(asked, {}, &Asked::decided);
  support::SimulatedLimiter limiter(run.limiter);
  for (Asked& one : asked) {
    const std::uint32_t variant = schedule.shots[one.shot].variant;
    const bool own = variant > 0 && variant <= run.own.size() && run.own[variant - 1];
    const Nanoseconds offset = schedule.shots[one.shot].offset;
    const bool slowed = std::ranges::any_of(schedule.steps, [&](const scenarios::ProbeStep& step) {
      return step.kind == scenarios::ProbeStep::Kind::slowed && step.begin <= offset && offset < step.end;
    });
    const Nanoseconds service = around(run.latency_ms + (slowed ? run.slowed_ms : 0));
    const support::Ruling ruling = limiter.ask(own ? variant + 1 : 1, one.decided, service);
    events::Exchange& request = one.request;
    const auto said = static_cast<std::uint32_t>(std::ceil(static_cast<double>(ruling.wait.count()) / 1e9));
    if (run.limiter.fault != support::LimiterFault::silent) {
      request.advice = {.remaining = static_cast<std::uint32_t>(ruling.remaining), .reset = said, .dialects = 4};
      if (!ruling.admitted) request.advice.retry_after = std::max(1U, said);
    }
    const bool error = std::uniform_real_distribution<double>(0, 1)(random) < run.background_errors;
    request.status = !ruling.admitted ? 429 : error ? 500 : 200;
    request.first_byte = request.end =
        one.decided + (ruling.admitted ? ruling.queued + service : Nanoseconds(0)) + around(run.network_ms);
    log.exchanges.push_back(request);
  }
  log.sort();
  return log;
}

scenarios::Scenario scenario_of(const ProbeRun& run) {
  scenarios::Scenario scenario;
  scenario.steady_state = {.name = "steady state", .duration = steady, .faults = {}, .expect = {}};
  scenario.phases.push_back({.name = "probe",
                             .duration = scenarios::probe_schedule(run.probe, run.claim).lasting,
                             .faults = {},
                             .expect = {{.what = run.claim, .text = "rate-limit", .line = 20}},
                             .probe = run.probe});
  return scenario;
}

}  // namespace stormproof::verify::simulation
