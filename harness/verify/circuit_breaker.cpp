#include "harness/verify/circuit_breaker.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "harness/base/units.h"
#include "harness/verify/breaker_checks.h"
#include "harness/verify/breaker_instances.h"
#include "harness/verify/breaker_scope.h"
#include "harness/verify/errors.h"
#include "harness/verify/evidence.h"
#include "harness/verify/fail_fast.h"
#include "harness/verify/half_open.h"
#include "harness/verify/likeness.h"

namespace stormproof::verify {
namespace {

using scenarios::BreakerExpectation;
using scenarios::Fault;

bool hurts(const PhaseWindow& phase, std::string_view dependency) {
  return phase.faults_on && std::ranges::find(phase.plan->faults, dependency, &Fault::on) != phase.plan->faults.end();
}

// The phase with faults on this dependency that was healed last, by the end of `phase`.
const PhaseWindow* healed_phase(const View& view, const PhaseWindow& phase, std::string_view dependency) {
  const PhaseWindow* found = nullptr;
  for (const PhaseWindow& earlier : view.phases()) {
    if (hurts(earlier, dependency) && earlier.faults_off && (*earlier.faults_off <= phase.end || &earlier == &phase))
      found = &earlier;
  }
  return found;
}

// The egress routes that the phase's faults hit, where they do not take all; else none, which means all.
std::vector<events::NameId> routes_hit(const View& view, const PhaseWindow& phase, std::string_view dependency) {
  const bool partial = std::ranges::any_of(phase.plan->faults, [&](const Fault& fault) {
    return fault.on == dependency &&
           (!fault.methods.empty() || !fault.paths.empty() || !fault.targeting.routes.empty());
  });
  std::vector<events::NameId> routes;
  if (!partial) return routes;
  for (const events::Exchange* call : view.egress_of(dependency)) {
    if (call->fault != 0) routes.push_back(call->route);
  }
  std::ranges::sort(routes);
  routes.erase(std::ranges::unique(routes).begin(), routes.end());
  return routes;
}

std::optional<scenarios::Around> claimed_anywhere(const View& view, const BreakerExpectation& expectation) {
  if (expectation.probes_every) return expectation.probes_every;
  for (const PhaseWindow& phase : view.phases()) {
    for (const scenarios::Expectation& other : phase.plan->expect) {
      const auto* breaker = std::get_if<BreakerExpectation>(&other.what);
      if (breaker != nullptr && breaker->on == expectation.on && breaker->probes_every) return breaker->probes_every;
    }
  }
  return std::nullopt;
}

void cannot(Finding& finding, std::string name, std::string reason) {
  finding.checks.push_back({.name = std::move(name),
                            .expected = std::string(as_written),
                            .measured = std::string(not_measured),
                            .missing = std::move(reason)});
}

void cannot_any(Finding& finding, const BreakerExpectation& expectation, const std::string& reason) {
  if (expectation.opens_within) cannot(finding, "opens-within", reason);
  if (expectation.leaks_at_most) cannot(finding, "leaks-at-most", reason);
  if (expectation.probes_every) cannot(finding, "probes-every", reason);
  if (expectation.half_open_calls) cannot(finding, "half-open-calls", reason);
  if (expectation.scope) cannot(finding, "scope", reason);
  if (expectation.fails_fast_within) cannot(finding, "fails-fast-within", reason);
}

void show_outage(Finding& finding, const Outage& outage) {
  const Openness& seen = outage.reading.seen;
  const Calls& calls = *outage.calls;
  for (const std::uint32_t place : seen.leaked) {
    finding.timeline.push_back({calls.calls[place].start, "leaked call"});
    show(finding, calls.calls[place].request);
  }
  if (!seen.opened) {
    for (const std::uint32_t place : calls.ended_between(outage.from, outage.to)) {
      if (calls.calls[place].injected) show(finding, calls.calls[place].request);
    }
    return;
  }
  for (std::size_t at = 0; at < seen.cycles.size(); ++at) {
    const Cycle& cycle = seen.cycles[at];
    finding.timeline.push_back({cycle.opened.high, at == 0 ? "opened" : "reopened"});
    if (cycle.probe) finding.timeline.push_back({*cycle.probe, "probe"});
    show(finding, cycle.request);
  }
  for (const OpenRun& run : seen.runs) show(finding, calls.opportunities[run.first].request);
}

// One breaker, as far as is claimed.
void judge_alone(Finding& finding, const View& view, const PhaseWindow& phase, const Outage& outage,
                 const BreakerExpectation& claim) {
  auto& checks = finding.checks;
  if (claim.opens_within) checks.push_back(check_opens(outage, *claim.opens_within));
  if (claim.leaks_at_most) checks.push_back(check_leaks(outage, *claim.leaks_at_most, claim.probes_every.has_value()));
  if (claim.probes_every) checks.push_back(check_probes(outage, *claim.probes_every));
  if (claim.half_open_calls) checks.push_back(check_half_open(outage, *claim.half_open_calls));
  if (claim.scope) checks.push_back(check_hosts(view, phase, outage, claim));
}

void judge_instances(Finding& finding, const Outage& outage, const BreakerExpectation& claim) {
  const InstancesSeen seen = see_instances(*outage.calls, outage.from, outage.to, claim);
  for (Check& check : check_instances(seen, *outage.calls, outage.from, claim))
    finding.checks.push_back(std::move(check));
  if (claim.half_open_calls)
    cannot(finding, "half-open-calls", "with several instances probes of two of them look like one that is wider");
  if (!seen.opened) return;
  finding.timeline.push_back({seen.opened->high, "the last one opened"});
  for (std::size_t at = 0; at < seen.rounds.size(); ++at) {
    const bool leaked = std::ranges::find(seen.leaked, at) != seen.leaked.end();
    finding.timeline.push_back({seen.rounds[at].start, leaked ? "call too early for a probe" : "probe"});
    if (leaked) show(finding, seen.rounds[at].request);
  }
}

// What it is like, in words: "" where there was no opening to look at.
std::string judge_outage(Finding& finding, const View& view, const PhaseWindow& phase,
                         const BreakerExpectation& expectation) {
  if (!hurts(phase, expectation.on)) {
    cannot_any(finding, expectation, fmt::format("no fault on {} was on in this phase", expectation.on));
    return "";
  }
  const Calls calls = calls_of(view, expectation.on, routes_hit(view, phase, expectation.on));
  if (!calls.unusable.empty()) {
    cannot_any(finding, expectation, calls.unusable);
    return "";
  }
  Outage outage = outage_of(calls, *phase.faults_on, phase.faults_off.value_or(phase.end), expectation.probes_every);
  outage.opens_within = expectation.opens_within;
  const bool several = expectation.instances > 1;
  if (several) judge_instances(finding, outage, expectation);
  else judge_alone(finding, view, phase, outage, expectation);
  if (const auto within = expectation.fails_fast_within) {
    finding.checks.push_back(check_fails_fast(outage, *within));
    if (finding.checks.back().verdict == Verdict::violated) {
      for (const std::uint64_t request : slow_while_open(outage, *within)) show(finding, request);
    }
  }
  finding.timeline.push_back({outage.from, "faults on"});
  if (several) return "";
  show_outage(finding, outage);
  return describe(marks_of(outage));
}

void judge_healing(Finding& finding, const View& view, const PhaseWindow& phase,
                   const BreakerExpectation& expectation) {
  const PhaseWindow* const hurt = healed_phase(view, phase, expectation.on);
  if (hurt == nullptr) {
    cannot(finding, "closes-within",
           fmt::format("no fault on {} was healed before the end of this phase", expectation.on));
    return;
  }
  const Calls calls = calls_of(view, expectation.on, routes_hit(view, *hurt, expectation.on));
  if (!calls.unusable.empty()) {
    cannot(finding, "closes-within", calls.unusable);
    return;
  }
  const Time heal = *hurt->faults_off;
  std::optional<Time> next;  // faults on this dependency
  for (const PhaseWindow& later : view.phases()) {
    if (!next && hurts(later, expectation.on) && *later.faults_on > heal) next = later.faults_on;
  }
  const Time to = hurt == &phase ? next.value_or(Time::max()) : std::min(phase.end, next.value_or(Time::max()));
  const auto claim = claimed_anywhere(view, expectation);
  Healing healing{.calls = &calls, .from = *hurt->faults_on, .heal = heal, .to = to};
  // To the last request, where the run ended before.
  if (!calls.opportunities.empty())
    healing.to = std::min(healing.to, std::max(heal, calls.opportunities.back().start + Nanoseconds(1)));
  healing.sleep = outage_of(calls, *hurt->faults_on, heal, claim).sleep;
  finding.checks.push_back(check_closes(healing, *expectation.closes_within));
  finding.timeline.push_back({heal, "healed"});
  if (healing.closed) finding.timeline.push_back({*healing.closed, "closed"});
  for (const std::uint64_t request : healing.suppressed_late) show(finding, request);
}

std::string summarise(const Finding& finding, std::string_view dependency) {
  std::string text;
  for (const Check& check : finding.checks) {
    if (check.verdict != finding.verdict) continue;
    if (!text.empty()) text += "; ";
    text += check.name + ": " + (check.verdict == Verdict::inconclusive ? check.missing : check.measured);
  }
  switch (finding.verdict) {
    case Verdict::holds: return fmt::format("The circuit breaker on {} works as claimed: {}.", dependency, text);
    case Verdict::violated:
      return fmt::format("The circuit breaker on {} does not work as claimed: {}.", dependency, text);
    case Verdict::inconclusive: break;
  }
  return fmt::format("No verdict on the circuit breaker on {}: {}.", dependency, text);
}

}  // namespace

Finding judge_circuit_breaker(const View& view, const PhaseWindow& phase, const BreakerExpectation& expectation) {
  Finding finding;
  finding.expectation = fmt::format("circuit-breaker on {}", expectation.on);
  std::string likeness;
  if (expectation.opens_within || expectation.leaks_at_most || expectation.probes_every ||
      expectation.fails_fast_within || expectation.half_open_calls || expectation.scope)
    likeness = judge_outage(finding, view, phase, expectation);
  if (expectation.closes_within) judge_healing(finding, view, phase, expectation);
  std::vector<Verdict> verdicts;
  for (const Check& check : finding.checks) verdicts.push_back(check.verdict);
  finding.verdict = worst(verdicts);
  std::ranges::sort(finding.timeline, {}, [](const Instant& instant) { return std::tie(instant.at, instant.what); });
  if (finding.timeline.size() > finding_instants_max) finding.timeline.resize(finding_instants_max);
  finding.summary = summarise(finding, expectation.on);
  if (finding.verdict != Verdict::inconclusive) finding.summary += likeness;
  return finding;
}

}  // namespace stormproof::verify
