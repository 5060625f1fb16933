#include "harness/run/preview.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "faults/plan.h"
#include "harness/run/fault_rules.h"
#include "harness/run/traffic_shape.h"
#include "reports/planned_faults.h"
#include "scenarios/probe_schedule.h"

namespace stormproof::run {
namespace {

struct Call {
  std::string method;
  std::string target;
};

bool is_exact(const faults::Rule& rule) {
  return !rule.methods.empty() && !rule.paths.empty() && rule.routes.empty() && rule.headers.empty() &&
         rule.clients.empty() &&
         std::ranges::none_of(rule.paths, [](const std::string& path) { return path.contains('*'); });
}

std::string basis_of(const faults::Rule& rule, bool& known) {
  known = false;
  if (!rule.decided_by_draw()) return "the order or the time in which calls come decides: it cannot be known before";
  if (!rule.clients.empty()) return "who calls decides: it cannot be known before";
  if (rule.by_request) {
    known = rule.methods.empty() && rule.paths.empty() && rule.routes.empty() && rule.headers.empty();
    return known ? "the first try of every call that these requests make, where the service passes traceparent on"
                 : "the first try of every call of these requests that the rule matches, where the service passes "
                   "traceparent on";
  }
  if (is_exact(rule)) return "if each request makes these calls once, and the service passes traceparent on";
  return "if the service calls the dependency with the method, path and headers of the request, and passes traceparent "
         "on";
}

std::vector<Call> calls_of(const faults::Rule& rule, const replay::ScriptRequest& request) {
  if (rule.by_request || !is_exact(rule)) return {{request.method, request.target}};
  std::vector<Call> calls;
  for (const std::string& method : rule.methods) {
    for (const std::string& path : rule.paths) calls.push_back({method, path});
  }
  return calls;
}

class Previewer {
 public:
  Previewer(const replay::Script& script, std::uint64_t seed, std::vector<base::Nanoseconds> offsets)
      : script_(script), seed_(seed), offsets_(std::move(offsets)) {}

  std::uint64_t requests_between(base::Nanoseconds begin, base::Nanoseconds end) const { return at(end) - at(begin); }

  RulePreview rule(const scenarios::Fault& fault, const PhasePreview& phase) const {
    if (fault.connection) return of_connections(fault, phase);
    const faults::Plan plan(seed_, {rule_of(fault)});
    const faults::Rule& rule = plan.rules().front();
    RulePreview made{.id = rule.id,
                     .phase = phase.name,
                     .on = fault.on,
                     .effect = reports::effect_of(fault),
                     .basis = {},
                     .hits = {}};
    made.basis = basis_of(rule, made.known);
    made.begin = std::min(phase.end, phase.begin + rule.after);
    made.end = rule.lasting ? std::min(phase.end, made.begin + *rule.lasting) : phase.end;
    for (std::size_t n = at(made.begin); n < at(made.end); ++n) consider(plan, rule, phase.begin, n, made);
    return made;
  }

 private:
  // Which requests a connection will carry is the service's own affair.
  RulePreview of_connections(const scenarios::Fault& fault, const PhasePreview& phase) const {
    const faults::StreamRule rule = stream_rule_of(fault);
    RulePreview made{.id = fault.id,
                     .phase = phase.name,
                     .on = fault.on,
                     .effect = reports::effect_of(fault),
                     .basis = {},
                     .hits = {}};
    made.begin = std::min(phase.end, phase.begin + rule.after);
    made.end = rule.lasting ? std::min(phase.end, made.begin + *rule.lasting) : phase.end;
    made.considered = requests_between(made.begin, made.end);
    made.basis = connections_basis(rule);
    return made;
  }
  // Of the first connections that the proxy will have had since the run began, those that are drawn.
  std::string connections_basis(const faults::StreamRule& rule) const {
    constexpr std::uint64_t named = 100;
    if (rule.fault.share >= 1) return "whatever goes over connections to the dependency's proxy while it stands";
    std::vector<std::uint64_t> drawn;
    for (std::uint64_t number = 1; number <= named; ++number) {
      if (rule.fault.hits(seed_, number)) drawn.push_back(number);
    }
    return fmt::format(
        "whatever goes over the connections that it is drawn for: of the proxy's first {}, counted from "
        "the run's begin, numbers {}",
        named, fmt::join(drawn, ", "));
  }

  std::size_t at(base::Nanoseconds offset) const {
    return static_cast<std::size_t>(std::ranges::lower_bound(offsets_, offset) - offsets_.begin());
  }

  void consider(const faults::Plan& plan, const faults::Rule& rule, base::Nanoseconds begin, std::size_t n,
                RulePreview& made) const {
    const replay::ScriptRequest& request = script_.requests[n % script_.requests.size()];
    const events::TraceId trace = replay::trace_of(seed_, n + 1);
    bool counted = false;
    faults::HeadFields fields;
    if (plan.wants_headers()) fields.read(request.fields);
    for (const Call& call : calls_of(rule, request)) {
      const bool matches =
          rule.by_request ||
          plan.matches(rule, {.method = call.method, .target = call.target, .trace = trace, .fields = &fields});
      if (!matches) continue;
      made.considered += std::exchange(counted, true) ? 0 : 1;
      if (!rule.decided_by_draw() || !rule.clients.empty()) continue;
      const std::uint64_t identity =
          faults::identity_of(rule, faults::call_of(call.method, call.target, trace), trace, 0);
      if (!plan.drawn(rule, identity, offsets_[n] - begin)) continue;
      made.hits.push_back({n + 1, request.id, offsets_[n], rule.by_request ? "" : call.method + " " + call.target});
    }
  }

  const replay::Script& script_;
  std::uint64_t seed_;
  std::vector<base::Nanoseconds> offsets_;
};

// The traffic of the capture rests meanwhile.
void preview_probe(const scenarios::Phase& phase, PhasePreview& made) {
  const auto schedule = scenarios::probe_schedule(*phase.probe, *scenarios::probed_claim(phase));
  made.requests = schedule.shots.size();
  for (const scenarios::ProbeStep& step : schedule.steps)
    made.probe_steps.push_back(
        {std::string(to_string(step.kind)), made.begin + step.begin, made.begin + step.end, step.shots});
}

// The one that slows a dependency for a while.
RulePreview probe_rule(const scenarios::Fault& fault, const PhasePreview& phase) {
  RulePreview made{.id = fault.id,
                   .phase = phase.name,
                   .on = fault.on,
                   .effect = reports::effect_of(fault),
                   .basis = "every call that the requests of this step cause",
                   .hits = {}};
  made.begin = phase.begin + fault.targeting.after;
  made.end = made.begin + fault.targeting.lasting.value_or(base::Nanoseconds(0));
  for (const ProbeStepPreview& step : phase.probe_steps)
    made.considered += step.begin == made.begin ? step.requests : 0;
  return made;
}

}  // namespace

base::Result<Preview> preview(const scenarios::Scenario& scenario, const replay::Script& script, std::uint64_t seed) {
  Preview made;
  const base::Nanoseconds warm_up = scenario.traffic.warm_up;
  base::Nanoseconds end = warm_up + scenario.steady_state.duration;
  made.phases.push_back({scenario.steady_state.name, warm_up, end});
  for (const scenarios::Phase& phase : scenario.phases) {
    made.phases.push_back({phase.name, end, end + phase.duration});
    end += phase.duration;
  }
  const auto shape = pacing_of(scenario, seed);
  if (!shape) return std::unexpected(shape.error());
  // The source that a run has, ceilings and all.
  replay::ShotOptions options = shots_of(scenario.traffic, seed);
  options.key_seed.reset();
  options.lasting = end;
  replay::ScriptShots shots(script, *shape, options);
  std::vector<base::Nanoseconds> offsets;
  for (auto shot = shots.next(); shot; shot = shots.next()) {
    if (offsets.size() >= preview_requests_max)
      return base::fail(
          fmt::format("the scenario sends more than {} requests; a plan names at most so many", preview_requests_max));
    offsets.push_back(shot->offset);
  }
  const Previewer previewer(script, seed, std::move(offsets));
  for (PhasePreview& phase : made.phases) phase.requests = previewer.requests_between(phase.begin, phase.end);
  for (std::size_t i = 0; i < scenario.phases.size(); ++i) {
    PhasePreview& phase = made.phases[i + 1];
    if (scenario.phases[i].probe) preview_probe(scenario.phases[i], phase);
    for (const scenarios::Fault& fault : scenario.phases[i].faults)
      made.rules.push_back(scenario.phases[i].probe ? probe_rule(fault, phase) : previewer.rule(fault, phase));
  }
  for (const PhasePreview& phase : made.phases) made.requests += phase.requests;
  return made;
}

faults::Replayed fired_in(const events::Log& ledger) {
  faults::Replayed fired;
  for (const events::FaultFired& decision : ledger.faults) {
    if (decision.effect != events::Effect::spared)
      fired.insert(faults::mark_of(ledger.names.name_of(decision.rule), decision.identity));
  }
  return fired;
}

Agreement agreement(const scenarios::Scenario& scenario, const events::Log& ledger, std::uint64_t seed,
                    const faults::Replayed* replayed) {
  std::map<std::string, faults::Rule, std::less<>> rules;
  std::map<std::string, faults::StreamRule, std::less<>> stream_rules;
  for (const scenarios::Phase& phase : scenario.phases) {
    for (const scenarios::Fault& fault : phase.faults) {
      if (fault.connection) stream_rules.emplace(fault.id, stream_rule_of(fault));
      else rules.emplace(fault.id, rule_of(fault));
    }
  }
  const faults::Plan plan(seed, {});
  Agreement found;
  for (const events::FaultFired& decision : ledger.faults) {
    const bool spared = decision.effect == events::Effect::spared;
    if (replayed != nullptr) {
      const auto mark = faults::mark_of(ledger.names.name_of(decision.rule), decision.identity);
      ++found.decisions;
      if (replayed->contains(mark) != spared) ++found.agreeing;
      continue;
    }
    const auto stream = stream_rules.find(ledger.names.name_of(decision.rule));
    if (stream != stream_rules.end() && stream->second.ramp == base::Nanoseconds(0)) {
      ++found.decisions;
      if (stream->second.fault.hits(seed, decision.identity) != spared) ++found.agreeing;
      continue;
    }
    const auto rule = rules.find(ledger.names.name_of(decision.rule));
    if (rule == rules.end() || !rule->second.decided_by_draw() || rule->second.first_tries ||
        rule->second.ramp > base::Nanoseconds(0)) {
      ++found.undrawn;
      continue;
    }
    ++found.decisions;
    if (plan.drawn(rule->second, decision.identity) != spared) ++found.agreeing;
  }
  return found;
}

}  // namespace stormproof::run
