#include "harness/verify/judge.h"

#include <fmt/format.h>

#include "harness/verify/circuit_breaker.h"
#include "harness/verify/errors.h"
#include "harness/verify/fidelity.h"
#include "harness/verify/latency.h"
#include "harness/verify/recovers.h"
#include "harness/verify/timeline.h"

namespace stormproof::verify {
namespace {

struct Dispatch {
  const View& view;
  const PhaseWindow& phase;
  Finding operator()(const scenarios::ErrorsExpectation& what) const { return judge_errors(phase, what); }
  Finding operator()(const scenarios::LatencyExpectation& what) const { return judge_latency(phase, what); }
  Finding operator()(const scenarios::BreakerExpectation& what) const {
    return judge_circuit_breaker(view, phase, what);
  }
  Finding operator()(const scenarios::RecoversExpectation& what) const { return judge_recovers(view, phase, what); }
};

// What the answer would be called, without looking at any event.
struct Title {
  std::string operator()(const scenarios::ErrorsExpectation&) const { return "errors"; }
  std::string operator()(const scenarios::LatencyExpectation&) const { return "latency"; }
  std::string operator()(const scenarios::BreakerExpectation& what) const { return "circuit-breaker on " + what.on; }
  std::string operator()(const scenarios::RecoversExpectation&) const { return "recovers"; }
};

Finding not_reached(const View& view, const scenarios::Expectation& expectation) {
  Finding finding;
  finding.expectation = std::visit(Title{}, expectation.what);
  const std::string reason = view.aborted_because().empty()
                                 ? "the phase was not reached"
                                 : fmt::format("the phase was not reached: {}", view.aborted_because());
  finding.summary = fmt::format("No verdict: {}.", reason);
  finding.checks.push_back(
      {.name = finding.expectation, .expected = expectation.text, .measured = "nothing", .missing = reason});
  return finding;
}

bool looks_back(const scenarios::Expectation& expectation) {
  if (std::holds_alternative<scenarios::RecoversExpectation>(expectation.what)) return true;
  const auto* breaker = std::get_if<scenarios::BreakerExpectation>(&expectation.what);
  return breaker != nullptr && breaker->closes_within.has_value();
}

Finding judge_one(const View& view, const PhaseWindow& phase, const scenarios::Expectation& expectation) {
  Finding finding =
      phase.reached ? std::visit(Dispatch{view, phase}, expectation.what) : not_reached(view, expectation);
  finding.phase = phase.plan->name;
  finding.line = expectation.line;
  return finding;
}

}  // namespace

std::vector<Finding> judge(const events::Log& log, const scenarios::Scenario& scenario) {
  const View view(log, scenario);
  std::vector<Finding> findings;
  std::vector<std::string> doubts_before;  // about the faults that a later phase recovers from
  for (const PhaseWindow& phase : view.phases()) {
    const std::vector<std::string> reasons = phase.reached ? doubts(view, phase) : std::vector<std::string>{};
    if (phase.reached && !phase.plan->faults.empty()) doubts_before = undelivered(view, phase);
    for (const scenarios::Expectation& expectation : phase.plan->expect) {
      Finding finding = judge_one(view, phase, expectation);
      withhold_holds(finding, phase.cut_short);
      withhold(finding, reasons);
      if (reasons.empty() && looks_back(expectation)) withhold(finding, doubts_before);
      findings.push_back(std::move(finding));
    }
  }
  return findings;
}

}  // namespace stormproof::verify
