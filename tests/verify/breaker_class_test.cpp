// Property tests of the whole class: breakers of any rate, window, width, jitter, fault and traffic, right and defective.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "harness/verify/circuit_breaker.h"
#include "tests/verify/breaker_runs.h"
#include "tests/verify/properties.h"
#include "tests/verify/subject_draws.h"

namespace stormproof::verify {
namespace {

using simulation::Defect;
using simulation::Experiment;
using simulation::recovery_claim;

std::uint64_t seed_of(int base, int at) { return static_cast<std::uint64_t>(property_seed(base) + at); }

// Whatever a right breaker is like, and whatever comes to it: it is not said to be wrong.
TEST(BreakerClass, NoRightOneIsViolated) {
  Tally tally;
  std::string wrong;
  const int runs = property_cases(100);
  int claimed = 0;
  for (int seed = 1; seed <= runs; ++seed) {
    const Experiment experiment = simulation::wild_breaker(seed_of(90000, seed));
    const simulation::Run run = simulation::simulate(experiment);
    const auto claim = simulation::wild_claim(experiment, run);
    if (!claim) continue;
    ++claimed;
    const auto findings = judge(run.log, simulation::scenario_of(experiment, *claim, recovery_claim(experiment)));
    tally.count(experiment, findings, findings[0]);
    if (findings[0].verdict == Verdict::violated) wrong += told(experiment, findings);
  }
  RecordProperty("claimed", claimed);
  RecordProperty("holds", tally.holds);
  RecordProperty("violated", tally.violated);
  EXPECT_LE(tally.violated * 100, claimed) << wrong;
  EXPECT_GE(tally.holds * 3, claimed) << tally.first_inconclusive;
}

constexpr std::array defects = {Defect::never_opens,    Defect::leaks, Defect::never_half_opens, Defect::retry_bypass,
                                Defect::leaks_by_count, Defect::leaks, Defect::leaks_in_bursts,  Defect::opens_late};

// A wild breaker with one of the defects; nothing where the right one never opens.
struct Wrong {
  Experiment experiment;
  scenarios::BreakerExpectation claim;
};
std::optional<Wrong> wrong_breaker(std::uint64_t seed) {
  Dice dice(seed);
  Wrong wrong{.experiment = simulation::wild_breaker(seed), .claim = {}};
  const auto claim = simulation::wild_claim(wrong.experiment, simulation::simulate(wrong.experiment));
  if (!claim) return std::nullopt;
  wrong.claim = *claim;
  simulation::Breaker& breaker = wrong.experiment.breaker;
  breaker.defect = defects[static_cast<std::size_t>(dice.whole(0, static_cast<int>(defects.size()) - 1))];
  breaker.leak_share = dice.one_of({0.01, 0.05});
  breaker.leak_every = dice.one_of({20, 50, 200});
  breaker.leak_together = dice.whole(2, 5);
  breaker.late_by = *claim->opens_within + std::chrono::milliseconds(dice.whole(100, 1000));
  return wrong;
}

// What came after the heal is none of the phase that is judged.
bool defective_in_outage(Defect defect, const simulation::Run& run) {
  if (defect == Defect::never_opens || defect == Defect::never_half_opens) return true;
  const auto& leaks = defect == Defect::opens_late ? run.truth.leaked : run.truth.leaked_between;
  return std::ranges::any_of(leaks, [&](base::Time at) { return at < run.faults_off - std::chrono::milliseconds(1); });
}

// Nor is any wrong one said to be right.
TEST(BreakerClass, NoWrongOneHolds) {
  std::string wrong;
  const int runs = property_cases(100);
  int shown = 0;
  Tally tally;
  for (int seed = 1; seed <= runs; ++seed) {
    const auto drawn = wrong_breaker(seed_of(190000, seed));
    if (!drawn) continue;
    const Experiment& experiment = drawn->experiment;
    const simulation::Run run = simulation::simulate(experiment);
    const Defect defect = experiment.breaker.defect;
    if (!defective_in_outage(defect, run)) continue;
    ++shown;
    const auto findings = judge(run.log, simulation::scenario_of(experiment, drawn->claim, recovery_claim(experiment)));
    tally.count(experiment, findings, findings[0]);
    if (findings[0].verdict == Verdict::holds)
      wrong += fmt::format("defect {} leaked {}: ", static_cast<int>(defect), run.truth.leaked.size()) +
               told(experiment, findings);
  }
  RecordProperty("shown", shown);
  RecordProperty("violated", tally.violated);
  EXPECT_EQ(wrong, "");
}

// The sleep window that is reported holds the true one, for breakers without jitter, whether it was claimed or not.
TEST(BreakerClass, SleepWindowIsInItsInterval) {
  int reported = 0, inside = 0;
  std::string wrong;
  const int runs = property_cases(100);
  for (int seed = 1; seed <= runs; ++seed) {
    Experiment experiment = simulation::wild_breaker(seed_of(290000, seed));
    experiment.breaker.jitter = 0;
    if (seed % 3 == 0) experiment.breaker.defect = Defect::leaks;
    const simulation::Run run = simulation::simulate(experiment);
    auto claim = simulation::wild_claim(experiment, run);
    if (!claim) continue;
    const auto findings = judge(run.log, simulation::scenario_of(experiment, *claim, recovery_claim(experiment)));
    const Check* const probes = check_named(findings[0], "probes-every");
    if (probes == nullptr || !probes->estimate) continue;
    ++reported;
    const double truth = static_cast<double>(experiment.breaker.sleep.count()) / 1e9;
    const bool good = probes->estimate->low <= truth && truth <= probes->estimate->high;
    inside += good ? 1 : 0;
    if (!good) wrong += fmt::format("leaks {} ", run.truth.leaked.size()) + told(experiment, findings);
  }
  RecordProperty("reported", reported);
  RecordProperty("inside", inside);
  EXPECT_GE(inside * 100, reported * 95) << wrong;
}

}  // namespace
}  // namespace stormproof::verify
