// BreakerRuns: what the tests of the breaker's judge share: findings on a simulated run, told with what made it.
#pragma once

#include <fmt/format.h>

#include <string>
#include <vector>

#include "harness/verify/judge.h"
#include "tests/verify/simulation.h"

namespace stormproof::verify {

inline const Check* check_named(const Finding& finding, std::string_view name) {
  for (const Check& check : finding.checks) {
    if (check.name == name) return &check;
  }
  return nullptr;
}

inline std::string told(const simulation::Experiment& experiment, const std::vector<Finding>& findings) {
  std::string text = fmt::format(
      "seed {} rate {:.0f} poisson {} failing {} share {} timeout {} correlated {} bg {} miss {} attempts {} "
      "consecutive {} sleep {} jitter {} width {} successes {} queues {}\n",
      experiment.seed, experiment.per_second, experiment.poisson, static_cast<int>(experiment.failing),
      experiment.share, experiment.timeout.count() / 1'000'000, experiment.correlated, experiment.background_errors,
      experiment.healthy_misses, experiment.attempts, experiment.breaker.consecutive,
      experiment.breaker.sleep.count() / 1'000'000, experiment.breaker.jitter, experiment.breaker.width,
      experiment.breaker.successes, experiment.breaker.queues_behind_probe);
  for (const Finding& finding : findings) {
    text += fmt::format("{} [{}] {}\n", to_string(finding.verdict), finding.phase, finding.summary);
    for (const Check& check : finding.checks)
      text += fmt::format("   {} {}: {} | {}\n", to_string(check.verdict), check.name, check.measured, check.missing);
  }
  return text;
}

// Of many findings of one expectation.
struct Tally {
  int holds = 0;
  int violated = 0;
  int inconclusive = 0;
  std::string first_inconclusive = {};
  void count(const simulation::Experiment& experiment, const std::vector<Finding>& findings, const Finding& finding) {
    if (finding.verdict == Verdict::holds) ++holds;
    else if (finding.verdict == Verdict::violated) ++violated;
    else {
      ++inconclusive;
      first_inconclusive = told(experiment, findings);
    }
  }
};

}  // namespace stormproof::verify
