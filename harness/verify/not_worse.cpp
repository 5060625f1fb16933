#include "harness/verify/not_worse.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "harness/base/units.h"
#include "harness/verify/errors.h"
#include "harness/verify/paired_statistics.h"
#include "harness/verify/statistics.h"

namespace stormproof::verify {
namespace {

using base::format_percent;

// The requests of a phase that went to both.
struct Pairs {
  std::vector<float> logarithms;  // of the ratio of latencies, in order of schedule
  std::uint64_t count = 0;
  std::uint64_t unpaired = 0;
  std::uint64_t candidate_only = 0;  // failed
  std::uint64_t baseline_only = 0;
  std::uint64_t both = 0;
  std::vector<std::uint64_t> worse;  // requests that failed on the candidate only
};

double seconds(const events::Exchange& request) {
  return std::max(1e-9, std::chrono::duration<double>(request.end - request.intended).count());
}

Pairs pairs_of(const View& view, const PhaseWindow& phase) {
  Pairs pairs;
  for (const events::Exchange* request : phase.requests) {
    const events::Exchange* other = view.baseline_of(*request);
    if (other == nullptr || events::never_sent(*request) || events::never_sent(*other)) {
      ++pairs.unpaired;
      continue;
    }
    ++pairs.count;
    const bool candidate_failed = failed(*request);
    const bool baseline_failed = failed(*other);
    pairs.both += candidate_failed && baseline_failed ? 1 : 0;
    pairs.baseline_only += baseline_failed && !candidate_failed ? 1 : 0;
    if (candidate_failed && !baseline_failed) {
      ++pairs.candidate_only;
      if (pairs.worse.size() < finding_exchanges_max) pairs.worse.push_back(request->request);
    }
    if (candidate_failed || baseline_failed) continue;
    pairs.logarithms.push_back(static_cast<float>(std::log(seconds(*request) / seconds(*other))));
  }
  return pairs;
}

std::string percent(double logarithm) { return fmt::format("{:+.1f} %", std::expm1(logarithm) * 100); }

Check latency_check(const Pairs& pairs, double margin, double alpha) {
  Check check{.name = "latency",
              .expected = fmt::format("at most {} slower than the baseline", format_percent(margin))};
  check.samples = pairs.logarithms.size();
  const auto location = location_of(pairs.logarithms);
  if (!location) {
    check.measured = fmt::format("{} requests that both answered", check.samples);
    check.missing = fmt::format("needs at least {}", location_samples_min);
    return check;
  }
  const double limit = std::log1p(margin);
  check.measured = fmt::format("{} ({} to {}, 95 %), in {} pairs", percent(location->estimate),
                               percent(location->lower(0.975)), percent(location->upper(0.975)), check.samples);
  if (location->p_above(limit) <= alpha) check.verdict = Verdict::violated;
  else if (location->p_below(limit) <= 1 - confidence_default) check.verdict = Verdict::holds;
  else
    check.missing =
        fmt::format("{} pairs leave the margin possible on both sides: more requests, or a wider margin, would decide",
                    check.samples);
  return check;
}

Check errors_check(const Pairs& pairs, double margin, double alpha) {
  Check check{
      .name = "errors",
      .expected = fmt::format("at most {} of the requests fail more than at the baseline", format_percent(margin))};
  check.samples = pairs.count;
  check.measured = fmt::format("{} failed at the candidate, {} at the baseline, of {}",
                               pairs.both + pairs.candidate_only, pairs.both + pairs.baseline_only, pairs.count);
  if (pairs.count == 0) {
    check.missing = "no request went to both";
    return check;
  }
  if (p_failures_above(pairs.candidate_only, pairs.baseline_only, pairs.count, margin) <= alpha)
    check.verdict = Verdict::violated;
  else if (p_failures_below(pairs.candidate_only, pairs.baseline_only, pairs.count, margin) <= 1 - confidence_default)
    check.verdict = Verdict::holds;
  else check.missing = fmt::format("{} requests leave an excess of {} possible", pairs.count, format_percent(margin));
  return check;
}

}  // namespace

Finding judge_not_worse(const View& view, const PhaseWindow& phase, const scenarios::NotWorseExpectation& expectation) {
  Finding finding;
  finding.expectation = "not-worse";
  const Pairs pairs = pairs_of(view, phase);
  const double alpha = not_worse_false_alarms / (expectation.latency && expectation.errors ? 2 : 1);
  if (expectation.latency) finding.checks.push_back(latency_check(pairs, *expectation.latency, alpha));
  if (expectation.errors) finding.checks.push_back(errors_check(pairs, *expectation.errors, alpha));
  std::vector<Verdict> verdicts;
  for (Check& check : finding.checks) {
    if (view.baseline().empty()) check.missing = "the run has no baseline";
    // What went to one of them only may be what would have failed.
    else if (check.verdict == Verdict::holds && pairs.unpaired * 10 > pairs.count) {
      check.verdict = Verdict::inconclusive;
      check.missing = fmt::format("{} requests went to one of the two only", pairs.unpaired);
    }
    verdicts.push_back(check.verdict);
  }
  finding.verdict = worst(verdicts);
  if (finding.verdict == Verdict::violated) finding.exchanges = pairs.worse;
  const std::string_view word = finding.verdict == Verdict::holds      ? "is no worse than"
                                : finding.verdict == Verdict::violated ? "is worse than"
                                                                       : "could not be told from";
  finding.summary = fmt::format("In {} pairs of requests the candidate {} the baseline.", pairs.count, word);
  return finding;
}

}  // namespace stormproof::verify
