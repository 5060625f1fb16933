#include "harness/verify/not_worse.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "harness/base/units.h"
#include "harness/verify/comparison_gates.h"
#include "harness/verify/evidence.h"
#include "harness/verify/fidelity.h"
#include "scenarios/probe_schedule.h"

namespace stormproof::verify {
namespace {

using events::Exchange;

const replay::DifferenceRules no_rules;  // they were applied when the answers were compared

// The requests of a phase that went to all versions, as they are compared.
struct Pairs {
  replay::Comparison comparison{no_rules};
  std::uint64_t unpaired = 0;        // went to some only
  std::uint64_t not_compared = 0;    // answers, where answers are looked at
  std::vector<std::uint64_t> worse;  // failed at the candidate alone
  std::vector<std::pair<float, std::uint64_t>> ratios;
};

int status_of(const Exchange& exchange) { return exchange.outcome == events::Outcome::answered ? exchange.status : 0; }

// Without what the generator was late by: that is no version's doing.
float seconds_of(const Exchange& exchange) {
  return std::chrono::duration<float>(exchange.end - exchange.start + exchange.waited).count();
}

std::vector<replay::Difference> differences_in(const View& view,
                                               std::span<const events::AnswerDifference* const> seen) {
  std::vector<replay::Difference> found;
  for (const events::AnswerDifference* const one : seen) {
    if (one->path == 0) continue;
    replay::Difference difference;
    difference.change = static_cast<replay::Change>(one->change);
    difference.path = view.log().names.name_of(one->path);
    difference.where = view.log().names.name_of(one->detail);
    found.push_back(std::move(difference));
  }
  return found;
}

Pairs pairs_of(const View& view, const PhaseWindow& phase, bool with_answers) {
  Pairs pairs;
  const bool has_second = view.has(second_baseline_party);
  for (const Exchange* const candidate : phase.requests) {
    if (candidate->request >= scenarios::first_probe_request(0)) continue;  // of a probe: for the candidate alone
    const Exchange* const baseline = view.beside(baseline_party, candidate->request);
    const Exchange* const second = has_second ? view.beside(second_baseline_party, candidate->request) : nullptr;
    const auto sent = [](const Exchange* exchange) { return exchange != nullptr && !events::never_sent(*exchange); };
    if (!sent(candidate) || !sent(baseline) || (has_second && !sent(second))) {
      ++pairs.unpaired;
      continue;
    }
    replay::SeenRequest seen{.request = candidate->request,
                             .route = view.log().names.name_of(candidate->route),
                             .at = candidate->start,
                             .has_second = has_second};
    seen.statuses = {status_of(*baseline), has_second ? status_of(*second) : 0, status_of(*candidate)};
    seen.latency = {seconds_of(*baseline), has_second ? seconds_of(*second) : 0, seconds_of(*candidate), 0};
    if (with_answers) {
      const auto of_candidate = view.differences(candidate_party, candidate->request);
      const auto of_second = view.differences(second_baseline_party, candidate->request);
      if (of_candidate.empty() || (has_second && of_second.empty())) {
        ++pairs.not_compared;
        continue;
      }
      seen.candidate = differences_in(view, of_candidate);
      seen.second = differences_in(view, of_second);
    }
    if (failed(*candidate) && !failed(*baseline)) pairs.worse.push_back(candidate->request);
    else if (!failed(*candidate) && !failed(*baseline))
      pairs.ratios.emplace_back(seen.latency->candidate / std::max(seen.latency->baseline, 1e-9F), candidate->request);
    pairs.comparison.add(std::move(seen));
  }
  return pairs;
}

Check check_of(const Gate& gate, std::string name) {
  Check check{.name = std::move(name),
              .verdict = gate.verdict,
              .expected = gate.expected,
              .measured = gate.measured,
              .missing = gate.missing,
              .samples = gate.samples};
  if (gate.verdict == Verdict::inconclusive && gate.requests_needed)
    check.missing += fmt::format("; about {} requests would decide", *gate.requests_needed);
  return check;
}

// Why the versions were not alike but for their code; "" where they were.
std::string unlike(const View& view, const PhaseWindow& phase) {
  for (const scenarios::Fault& fault : phase.plan->faults) {
    const std::uint64_t here = view.fired(fault.id);
    const std::uint64_t beside = view.fired_beside(fault.id);
    if ((here == 0) == (beside == 0) || std::max(here, beside) < one_sided_fired_min) continue;
    return fmt::format(
        "the fault {} acted {} times on calls of the candidate and {} times on the baseline's: does the baseline call "
        "{} "
        "through its proxy?",
        fault.id, here, beside, fault.on);
  }
  if (!phase.plan->processes.empty()) return "what happened to processes in this phase happened to the candidate alone";
  return "";
}

// What is left of the checks when it is said what the experiment lacked.
void conclude(Finding& finding, const View& view, const PhaseWindow& phase, const Pairs& pairs, std::string_view holds,
              std::string_view violated) {
  std::vector<Verdict> verdicts;
  for (const Check& check : finding.checks) verdicts.push_back(check.verdict);
  finding.verdict = worst(verdicts);
  const std::uint64_t count = pairs.comparison.requests();
  if (finding.verdict == Verdict::inconclusive) {
    const auto open = std::ranges::find(finding.checks, Verdict::inconclusive, &Check::verdict);
    finding.summary = fmt::format("In {} requests the two cannot be told apart yet: {}.", count, open->missing);
  } else {
    finding.summary =
        fmt::format("In {} requests sent to both, {}.", count, finding.verdict == Verdict::holds ? holds : violated);
  }
  if (!view.has(baseline_party)) return withhold(finding, {"the run has no baseline"});
  if (const std::string why = unlike(view, phase); !why.empty()) return withhold(finding, {why});
  if (pairs.unpaired > 0)
    withhold_holds(finding, fmt::format("{} requests went to some of the versions only", pairs.unpaired));
  if (static_cast<double>(pairs.not_compared) > left_out_max * static_cast<double>(count + pairs.not_compared))
    withhold_holds(finding, fmt::format("the answers to {} requests were not compared, for want of time or room",
                                        pairs.not_compared));
}

std::string text_of(const JudgedDifference& judged) {
  const replay::DifferenceCounts& counts = *judged.counts;
  std::string text = fmt::format("in {} of {} requests", counts.candidate(), judged.requests);
  if (judged.cause != Cause::untold) text += fmt::format(", between the baselines in {}", counts.noise());
  for (const replay::DifferenceSample& sample : counts.samples) {
    if (sample.difference.where.empty()) continue;
    return text + "; " + sample.difference.where;
  }
  return text;
}

// Those that keep the gate from holding; where it holds, what is left is within the share that may be.
void add_differences(Finding& finding, const std::vector<JudgedDifference>& found) {
  if (finding.checks.front().verdict == Verdict::holds) return;
  std::size_t shown = 0;
  for (const JudgedDifference& judged : found) {
    if (judged.cause == Cause::noise || ++shown > differences_shown_max) continue;
    Check check{
        .name = fmt::format("{} {} {}", judged.key.route, judged.key.path, replay::to_string(judged.key.change)),
        .verdict = judged.cause == Cause::real ? Verdict::violated : Verdict::inconclusive,
        .expected = "as at the baseline",
        .measured = text_of(judged),
        .samples = judged.requests};
    if (judged.cause == Cause::untold) check.missing = "a second baseline, to tell it from noise";
    else if (judged.cause == Cause::undecided && judged.requests_needed)
      check.missing =
          fmt::format("too rare to tell from noise: {} requests of this route would", *judged.requests_needed);
    else if (judged.cause == Cause::undecided) check.missing = "too rare to tell from noise";
    for (const replay::DifferenceSample& sample : judged.counts->samples) show(finding, sample.request);
    finding.checks.push_back(std::move(check));
  }
}

}  // namespace

double tests_of(const scenarios::NotWorseExpectation& expectation) {
  return (expectation.latency ? 1 : 0) + (expectation.p99 ? 1 : 0) + (expectation.errors ? 1 : 0);
}

double tests_of(const scenarios::DifferencesExpectation&) { return 2; }

double tests_of(const scenarios::Scenario& scenario) {
  double all = 0;
  const auto add = [&](const std::vector<scenarios::Expectation>& expectations) {
    for (const scenarios::Expectation& one : expectations) {
      if (const auto* const not_worse = std::get_if<scenarios::NotWorseExpectation>(&one.what))
        all += tests_of(*not_worse);
      if (const auto* const same = std::get_if<scenarios::DifferencesExpectation>(&one.what)) all += tests_of(*same);
    }
  };
  add(scenario.steady_state.expect);
  for (const scenarios::Phase& phase : scenario.phases) add(phase.expect);
  add(scenario.expect);
  return std::max(all, 1.0);
}

Finding judge_not_worse(const View& view, const PhaseWindow& phase, const scenarios::NotWorseExpectation& expectation,
                        double false_alarms) {
  Finding finding;
  finding.expectation = "not-worse";
  Pairs pairs = pairs_of(view, phase, false);
  ComparisonGates gates{.differences = {}, .latency = expectation.latency, .errors = expectation.errors, .tail = {}};
  gates.false_alarms = false_alarms;
  if (expectation.p99) gates.tail = TailGate{0.99, *expectation.p99};
  bool slower = false;
  for (const Gate& gate : judge(pairs.comparison, gates).gates) {
    const bool tail = gate.name == "latency p99";
    finding.checks.push_back(check_of(gate, tail ? "p99" : gate.name));
    slower = slower || (gate.verdict == Verdict::violated && gate.name != "errors");
  }
  if (slower) {
    std::ranges::sort(pairs.ratios, std::ranges::greater{});
    for (const auto& [ratio, request] : pairs.ratios) show(finding, request);
  } else {
    for (const std::uint64_t request : pairs.worse) show(finding, request);
  }
  conclude(finding, view, phase, pairs, "the candidate is no worse than the baseline",
           "the candidate is worse than the baseline");
  if (finding.verdict != Verdict::violated) finding.exchanges.clear();
  return finding;
}

Finding judge_differences(const View& view, const PhaseWindow& phase,
                          const scenarios::DifferencesExpectation& expectation, double false_alarms) {
  Finding finding;
  finding.expectation = "differences";
  const Pairs pairs = pairs_of(view, phase, true);
  ComparisonGates gates{.differences = expectation.at_most, .latency = {}, .errors = {}, .tail = {}};
  gates.false_alarms = false_alarms;
  gates.repeats = false;  // what was asked under a fault cannot be asked again
  const ComparisonVerdict verdict = judge(pairs.comparison, gates);
  for (const Gate& gate : verdict.gates) finding.checks.push_back(check_of(gate, gate.name));
  add_differences(finding, verdict.differences);
  conclude(finding, view, phase, pairs, "the candidate answered as the baseline did",
           "the candidate answered otherwise than the baseline");
  if (finding.verdict == Verdict::holds) finding.exchanges.clear();
  return finding;
}

}  // namespace stormproof::verify
