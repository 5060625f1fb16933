#include "harness/verify/judge.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "harness/verify/bulkhead.h"
#include "harness/verify/circuit_breaker.h"
#include "harness/verify/errors.h"
#include "harness/verify/evidence.h"
#include "harness/verify/failover.h"
#include "harness/verify/fallback.h"
#include "harness/verify/fidelity.h"
#include "harness/verify/latency.h"
#include "harness/verify/links.h"
#include "harness/verify/metastability.h"
#include "harness/verify/not_worse.h"
#include "harness/verify/overload.h"
#include "harness/verify/rate_limit.h"
#include "harness/verify/recovers.h"
#include "harness/verify/retries.h"
#include "harness/verify/timeline.h"
#include "harness/verify/timeout.h"
#include "harness/verify/trace_propagation.h"

namespace stormproof::verify {
namespace {

struct Dispatch {
  const View& view;
  const PhaseWindow& phase;
  double tests;  // of all comparing expectations of the run
  Finding operator()(const scenarios::ErrorsExpectation& what) const { return judge_errors(view, phase, what); }
  Finding operator()(const scenarios::LatencyExpectation& what) const { return judge_latency(view, phase, what); }
  Finding operator()(const scenarios::BreakerExpectation& what) const {
    return judge_circuit_breaker(view, phase, what);
  }
  Finding operator()(const scenarios::RecoversExpectation& what) const { return judge_recovers(view, phase, what); }
  Finding operator()(const scenarios::TimeoutExpectation& what) const { return judge_timeout(view, phase, what); }
  Finding operator()(const scenarios::RetriesExpectation& what) const { return judge_retries(view, phase, what); }
  Finding operator()(const scenarios::RateLimitExpectation& what) const { return judge_rate_limit(view, phase, what); }
  Finding operator()(const scenarios::TraceExpectation& what) const {
    return judge_trace_propagation(view, phase, what);
  }
  Finding operator()(const scenarios::FailoverExpectation& what) const { return judge_failover(view, phase, what); }
  Finding operator()(const scenarios::BulkheadExpectation& what) const { return judge_bulkhead(view, phase, what); }
  Finding operator()(const scenarios::OverloadExpectation& what) const { return judge_overload(view, phase, what); }
  Finding operator()(const scenarios::MetastabilityExpectation& what) const {
    return judge_metastability(view, phase, what);
  }
  Finding operator()(const scenarios::FallbackExpectation& what) const { return judge_fallback(view, phase, what); }
  Finding operator()(const scenarios::NotWorseExpectation& what) const {
    return judge_not_worse(view, phase, what, run_false_alarms * tests_of(what) / tests);
  }
  Finding operator()(const scenarios::DifferencesExpectation& what) const {
    return judge_differences(view, phase, what, run_false_alarms * tests_of(what) / tests);
  }
};

// What the answer would be called, without looking at any event.
struct Title {
  std::string operator()(const scenarios::ErrorsExpectation&) const { return "errors"; }
  std::string operator()(const scenarios::LatencyExpectation&) const { return "latency"; }
  std::string operator()(const scenarios::BreakerExpectation& what) const { return "circuit-breaker on " + what.on; }
  std::string operator()(const scenarios::RecoversExpectation&) const { return "recovers"; }
  std::string operator()(const scenarios::TimeoutExpectation& what) const { return "timeout on " + what.on; }
  std::string operator()(const scenarios::RetriesExpectation& what) const { return "retries on " + what.on; }
  std::string operator()(const scenarios::RateLimitExpectation&) const { return "rate-limit"; }
  std::string operator()(const scenarios::TraceExpectation& what) const { return "trace-propagation on " + what.on; }
  std::string operator()(const scenarios::FailoverExpectation& what) const { return "failover on " + what.on; }
  std::string operator()(const scenarios::BulkheadExpectation& what) const { return "bulkhead on " + what.on; }
  std::string operator()(const scenarios::OverloadExpectation&) const { return "overload"; }
  std::string operator()(const scenarios::MetastabilityExpectation&) const { return "metastability"; }
  std::string operator()(const scenarios::FallbackExpectation& what) const { return "fallback on " + what.on; }
  std::string operator()(const scenarios::NotWorseExpectation&) const { return "not-worse"; }
  std::string operator()(const scenarios::DifferencesExpectation&) const { return "differences"; }
};

Finding not_reached(const View& view, const scenarios::Expectation& expectation) {
  Finding finding;
  finding.expectation = std::visit(Title{}, expectation.what);
  const std::string reason = view.aborted_because().empty()
                                 ? "the phase was not reached"
                                 : fmt::format("the phase was not reached: {}", view.aborted_because());
  finding.summary = fmt::format("No verdict: {}.", reason);
  finding.checks.push_back({.name = finding.expectation,
                            .expected = expectation.text,
                            .measured = std::string(not_measured),
                            .missing = reason});
  return finding;
}

const std::vector<std::string> none;

bool looks_back(const scenarios::Expectation& expectation) {
  if (std::holds_alternative<scenarios::RecoversExpectation>(expectation.what)) return true;
  if (std::holds_alternative<scenarios::MetastabilityExpectation>(expectation.what)) return true;
  if (const auto* failover = std::get_if<scenarios::FailoverExpectation>(&expectation.what))
    return failover->returns_within.has_value();
  const auto* breaker = std::get_if<scenarios::BreakerExpectation>(&expectation.what);
  return breaker != nullptr && breaker->closes_within.has_value();
}

Finding judge_one(const View& view, const PhaseWindow& phase, const scenarios::Expectation& expectation, double tests) {
  Finding finding =
      phase.reached ? std::visit(Dispatch{view, phase, tests}, expectation.what) : not_reached(view, expectation);
  finding.phase = phase.plan->name;
  finding.line = expectation.line;
  for (Check& check : finding.checks) {
    if (check.expected == as_written) check.expected = expectation.text;
  }
  return finding;
}

bool feels_faults(const PhaseWindow& phase, const scenarios::Expectation& expectation) {
  return !phase.plan->faults.empty() || looks_back(expectation);
}

// Holds a finding against what the experiment was worth.
void weigh(Finding& finding, const View& view, const PhaseWindow& phase, bool is_breaker,
           const std::vector<std::string>& undelivered) {
  std::vector<std::string> reasons = doubts(phase);
  const std::string held = held_up(view, phase);
  // What fails, or is slow, with less than it was to bear would not have done better with all of it. A breaker might.
  if (!reasons.empty() || is_breaker) {
    reasons.insert(reasons.end(), undelivered.begin(), undelivered.end());
    withhold(finding, reasons);
  } else {
    withhold_holds(finding, fmt::format("{}", fmt::join(undelivered, "; ")));
  }
  withhold_holds(finding, held);
  if (!phase.cut_short.empty()) withhold_holds(finding, "the phase was cut short: " + phase.cut_short);
  if (finding.verdict == Verdict::violated && !held.empty()) finding.summary += fmt::format(" Besides, {}.", held);
}

// All phases as one, and what became of it: not whole where a phase was not.
PhaseWindow whole_run(const View& view, const scenarios::Phase& plan) {
  PhaseWindow run{.plan = &plan};
  for (const PhaseWindow& phase : view.phases()) {
    if (!phase.reached) {
      run.cut_short = fmt::format("the phase {} was not reached", phase.plan->name);
      continue;
    }
    if (!run.reached) run.begin = phase.begin;
    run.reached = true;
    run.end = phase.end;
    if (!phase.cut_short.empty()) run.cut_short = phase.cut_short;
    run.requests.insert(run.requests.end(), phase.requests.begin(), phase.requests.end());
  }
  return run;
}

// The plan of all phases as one.
scenarios::Phase whole_plan(const scenarios::Scenario& scenario) {
  scenarios::Phase whole{.name = std::string(whole_run_name), .duration = {}, .faults = {}, .expect = {}};
  for (const scenarios::Phase& phase : scenario.phases) {
    whole.faults.insert(whole.faults.end(), phase.faults.begin(), phase.faults.end());
    whole.processes.insert(whole.processes.end(), phase.processes.begin(), phase.processes.end());
  }
  return whole;
}

void judge_whole_run(const View& view, const scenarios::Scenario& scenario, double tests,
                     std::vector<Finding>& findings) {
  const scenarios::Phase plan = whole_plan(scenario);
  const PhaseWindow run = whole_run(view, plan);
  std::vector<std::string> not_delivered;
  for (const PhaseWindow& phase : view.phases()) {
    if (!phase.reached || phase.plan->faults.empty()) continue;
    for (std::string& reason : undelivered(view, phase)) not_delivered.push_back(std::move(reason));
  }
  for (const scenarios::Expectation& expectation : scenario.expect) {
    Finding finding = judge_one(view, run, expectation, tests);
    if (run.reached) weigh(finding, view, run, false, not_delivered);
    findings.push_back(std::move(finding));
  }
}

}  // namespace

std::vector<Finding> judge(const events::Log& log, const scenarios::Scenario& scenario) {
  const View view(log, scenario);
  const double tests = tests_of(scenario);
  std::vector<Finding> findings;
  std::vector<Subject> subjects;           // of each
  std::vector<std::string> not_delivered;  // of the faults that this phase has, or recovers from
  for (const PhaseWindow& phase : view.phases()) {
    if (phase.reached && !phase.plan->faults.empty()) not_delivered = undelivered(view, phase);
    for (const scenarios::Expectation& expectation : phase.plan->expect) {
      Finding finding = judge_one(view, phase, expectation, tests);
      const bool is_breaker = std::holds_alternative<scenarios::BreakerExpectation>(expectation.what);
      if (phase.reached)
        weigh(finding, view, phase, is_breaker, feels_faults(phase, expectation) ? not_delivered : none);
      findings.push_back(std::move(finding));
      subjects.push_back({&phase, &expectation});
    }
  }
  link(findings, subjects, view);
  judge_whole_run(view, scenario, tests, findings);
  return findings;
}

}  // namespace stormproof::verify
