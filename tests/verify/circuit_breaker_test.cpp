// Property tests: random breakers, right and defective, under random traffic.
#include "harness/verify/circuit_breaker.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "harness/verify/breaker_checks.h"
#include "harness/verify/judge.h"
#include "tests/verify/breaker_runs.h"
#include "tests/verify/properties.h"
#include "tests/verify/subject_draws.h"

namespace stormproof::verify {
namespace {

using scenarios::BreakerExpectation;
using simulation::Defect;
using simulation::Experiment;
using simulation::Failing;
using simulation::outage_claim;
using simulation::recovery_claim;
using simulation::shows;
using std::chrono::milliseconds;
using std::chrono::seconds;

std::vector<Finding> judged(const Experiment& experiment, const simulation::Run& run, bool with_probes = true) {
  return judge(run.log,
               simulation::scenario_of(experiment, outage_claim(experiment, with_probes), recovery_claim(experiment)));
}

TEST(CircuitBreaker, CorrectTwinsHold) {
  Tally outage, recovery;
  const int runs = property_cases(60);
  std::string wrong;
  for (int seed = 1; seed <= runs; ++seed) {
    const Experiment experiment = simulation::drawn_breaker(static_cast<std::uint64_t>(seed));
    const auto findings = judged(experiment, simulation::simulate(experiment));
    outage.count(experiment, findings, findings[0]);
    recovery.count(experiment, findings, findings[1]);
    if (findings[0].verdict == Verdict::violated || findings[1].verdict == Verdict::violated)
      wrong += told(experiment, findings);
  }
  EXPECT_LE(outage.violated + recovery.violated, (runs + 99) / 100) << wrong;
  EXPECT_GE(outage.holds, runs * 95 / 100) << outage.first_inconclusive;
  EXPECT_GE(recovery.holds, runs * 95 / 100) << recovery.first_inconclusive;
}

// Retries below the breaker go on after it has opened. Without trace ids they look like leaks.
Experiment retrying_experiment(std::uint64_t seed) {
  Experiment experiment = simulation::drawn_breaker(seed);
  Dice random(static_cast<int>(seed + 123));
  experiment.correlated = false;
  experiment.other_class = 0;
  experiment.attempts = random.one_of({2, 3, 4});
  experiment.backoff_factor = random.one_of({1.0, 2.0});
  experiment.backoff = milliseconds(static_cast<int>(random.in(5, experiment.backoff_factor > 1 ? 50 : 200)));
  experiment.backoff_jitter = random.one_of({0.0, 0.5});
  return experiment;
}

TEST(CircuitBreaker, RetriesWithBackoffAreNoLeaks) {
  Tally untraced, traced;
  std::string wrong;
  const int runs = property_cases(100);
  for (int seed = 1; seed <= runs; ++seed) {
    Experiment experiment = retrying_experiment(static_cast<std::uint64_t>(60000 + seed));
    for (const bool correlated : {false, true}) {
      experiment.correlated = correlated;
      const simulation::Run run = simulation::simulate(experiment);
      for (const bool with_probes : {true, false}) {
        const auto findings = judged(experiment, run, with_probes);
        (correlated ? traced : untraced).count(experiment, findings, findings[0]);
        if (findings[0].verdict == Verdict::violated || findings[1].verdict == Verdict::violated)
          wrong += told(experiment, findings);
      }
    }
  }
  EXPECT_EQ(wrong, "");
  EXPECT_GE(traced.holds, runs * 2 * 90 / 100) << traced.first_inconclusive;
  EXPECT_THAT(untraced.first_inconclusive, testing::HasSubstr("send traceparent"));
}

// A leak is still seen where it is none of these: long after the opening, of a request that began after it.
TEST(CircuitBreaker, LeaksBesideRetriesAreSeenOrDoubted) {
  Tally tally;
  std::string wrong;
  const int runs = property_cases(60);
  int shown = 0;
  for (int seed = 1; seed <= runs; ++seed) {
    Experiment experiment = retrying_experiment(static_cast<std::uint64_t>(70000 + seed));
    experiment.breaker.defect = Defect::leaks;
    experiment.breaker.sleep = std::max<Nanoseconds>(experiment.breaker.sleep, milliseconds(1500));
    const simulation::Run run = simulation::simulate(experiment);
    if (run.truth.leaked.empty()) continue;
    ++shown;
    const auto findings = judged(experiment, run);
    tally.count(experiment, findings, findings[0]);
    if (findings[0].verdict == Verdict::holds) wrong += told(experiment, findings);
  }
  EXPECT_EQ(wrong, "");
  EXPECT_GE(tally.violated * 100, shown * 65) << tally.first_inconclusive;
}

// No defect is ever said to hold; nearly all are seen.
struct Mutant {
  const char* name;
  Defect defect;
  bool in_recovery;  // where it must show
  int seen_percent;
};

class CircuitBreakerMutants : public testing::TestWithParam<Mutant> {};

TEST_P(CircuitBreakerMutants, NeverHold) {
  const Mutant& mutant = GetParam();
  std::string wrong, missed;
  int shown = 0, violated = 0;
  const int runs = property_cases(40);
  for (int seed = 1; seed <= runs; ++seed) {
    Experiment experiment = simulation::drawn_breaker(static_cast<std::uint64_t>(1000 + seed));
    experiment.breaker.defect = mutant.defect;
    if (mutant.defect == Defect::closes_on_straggler) {
      simulation::let_stragglers_come(experiment);
    }
    const simulation::Run run = simulation::simulate(experiment);
    if (!shows(experiment, run.truth)) continue;
    ++shown;
    for (const bool with_probes : {true, false}) {
      const bool never_probed = mutant.defect == Defect::never_half_opens && !with_probes;  // nothing claimed is untrue
      if (never_probed) continue;
      const auto findings = judged(experiment, run, with_probes);
      const Finding& finding = findings[mutant.in_recovery ? 1 : 0];
      if (finding.verdict == Verdict::holds)
        wrong += fmt::format("leaked {} probes {}\n", run.truth.leaked.size(), run.truth.probes.size()) +
                 told(experiment, findings);
      if (with_probes && finding.verdict == Verdict::violated) ++violated;
      else if (with_probes) missed = told(experiment, findings);
    }
  }
  EXPECT_EQ(wrong, "");
  EXPECT_GE(shown, runs / 4);
  EXPECT_GE(violated * 100, shown * mutant.seen_percent) << missed;
}

INSTANTIATE_TEST_SUITE_P(All, CircuitBreakerMutants,
                         testing::Values(Mutant{"NeverOpens", Defect::never_opens, false, 95},
                                         Mutant{"Leaks", Defect::leaks, false, 95},
                                         Mutant{"NeverHalfOpens", Defect::never_half_opens, false, 95},
                                         Mutant{"StuckHalfOpen", Defect::stuck_half_open, true, 95},
                                         Mutant{"ClosesOnStraggler", Defect::closes_on_straggler, false, 90},
                                         Mutant{"RetryBypass", Defect::retry_bypass, false, 95}),
                         [](const auto& each) { return each.param.name; });

// An open breaker that never probes never closes either.
TEST(CircuitBreaker, NeverHalfOpenNeverCloses) {
  Experiment experiment = simulation::drawn_breaker(3);
  experiment.breaker.defect = Defect::never_half_opens;
  const auto findings = judged(experiment, simulation::simulate(experiment));
  EXPECT_EQ(findings[1].verdict, Verdict::violated) << told(experiment, findings);
}

TEST(CircuitBreaker, StarvedIsInconclusive) {
  std::string wrong;
  const int runs = property_cases(140);
  for (int seed = 1; seed <= runs; ++seed) {
    Experiment experiment = simulation::drawn_breaker(static_cast<std::uint64_t>(5000 + seed));
    experiment.per_second = 2;
    experiment.steady = seconds(20);
    experiment.breaker.defect = static_cast<Defect>(seed % 7);
    const auto findings = judged(experiment, simulation::simulate(experiment), seed % 2 == 0);
    if (findings[0].verdict != Verdict::inconclusive || findings[1].verdict != Verdict::inconclusive)
      wrong += told(experiment, findings);
    for (const Finding& finding : findings) {
      for (const Check& check : finding.checks) EXPECT_FALSE(check.missing.empty()) << told(experiment, findings);
    }
  }
  EXPECT_EQ(wrong, "");
}

// The sleep window that is reported holds the true one, whether it was claimed or not.
TEST(CircuitBreaker, SleepWindowIsInItsInterval) {
  int constant = 0, inside = 0;
  std::string wrong;
  const int runs = property_cases(60);
  for (int seed = 1; seed <= runs; ++seed) {
    const Experiment experiment = simulation::drawn_breaker(static_cast<std::uint64_t>(20000 + seed));
    const simulation::Run run = simulation::simulate(experiment);
    const auto scenario = simulation::scenario_of(experiment, outage_claim(experiment), recovery_claim(experiment));
    const View view(run.log, scenario);
    const Calls calls = calls_of(view, simulation::dependency);
    const auto claim = seed % 2 == 0 ? outage_claim(experiment).probes_every : std::nullopt;
    const Outage outage = outage_of(calls, run.faults_on, run.faults_off, claim);
    if (outage.reading.window.law != Law::constant) continue;
    ++constant;
    const Interval& found = outage.reading.window.first;
    const bool good = found.low <= experiment.breaker.sleep && experiment.breaker.sleep <= found.high;
    inside += good ? 1 : 0;
    if (!good)
      wrong +=
          fmt::format("{} not in {} to {}: ", experiment.breaker.sleep.count(), found.low.count(), found.high.count()) +
          told(experiment, judged(experiment, run));
  }
  EXPECT_GE(constant, runs * 9 / 10) << wrong;
  EXPECT_GE(inside * 100, constant * 95) << wrong;
}

TEST(CircuitBreaker, GrowingSleepIsNamedAndBreaksAClaimOfAConstantOne) {
  Experiment experiment;
  experiment.outage = seconds(30);
  experiment.breaker.sleep = seconds(1);
  experiment.breaker.growth = simulation::Growth::factor;
  experiment.breaker.factor = 2;
  const simulation::Run run = simulation::simulate(experiment);
  const auto without = judged(experiment, run, false);
  EXPECT_EQ(without[0].verdict, Verdict::holds) << told(experiment, without);
  const auto scenario =
      simulation::scenario_of(experiment, outage_claim(experiment, false), recovery_claim(experiment));
  const Reading reading =
      read_freely(calls_of(View(run.log, scenario), simulation::dependency), run.faults_on, run.faults_off);
  EXPECT_EQ(reading.window.law, Law::growing);
  EXPECT_NEAR(reading.window.factor, 2, 0.1);
  EXPECT_LE(reading.window.first.low, experiment.breaker.sleep);
  EXPECT_GE(reading.window.first.high, experiment.breaker.sleep);
  EXPECT_EQ(check_named(judged(experiment, run)[0], "probes-every")->verdict, Verdict::violated);
}

TEST(CircuitBreaker, JitterWithinTheToleranceHolds) {
  Experiment experiment;
  experiment.breaker.jitter = 0.15;
  const auto findings = judged(experiment, simulation::simulate(experiment));
  EXPECT_EQ(findings[0].verdict, Verdict::holds) << told(experiment, findings);
}

TEST(CircuitBreaker, ProbesTwiceAsOftenAsClaimedAreSaidToBeSo) {
  Experiment experiment;
  experiment.breaker.sleep = seconds(1);
  BreakerExpectation claim = outage_claim(experiment);
  claim.probes_every->value = seconds(2);
  const auto findings = judge(simulation::simulate(experiment).log,
                              simulation::scenario_of(experiment, claim, recovery_claim(experiment)));
  const Check* const probes = check_named(findings[0], "probes-every");
  ASSERT_NE(probes, nullptr);
  EXPECT_EQ(probes->verdict, Verdict::violated);
  EXPECT_THAT(probes->measured, testing::AnyOf(testing::HasSubstr("every 1.0"), testing::HasSubstr("every 99")))
      << told(experiment, findings);
}

TEST(CircuitBreaker, HangModeTellsTheSleepFromThePeriod) {
  Experiment experiment;
  experiment.failing = Failing::hanging;
  const auto findings = judged(experiment, simulation::simulate(experiment));
  EXPECT_EQ(findings[0].verdict, Verdict::holds) << told(experiment, findings);
  const Check* const probes = check_named(findings[0], "probes-every");
  EXPECT_THAT(probes->measured,
              testing::AllOf(testing::HasSubstr("every 2.0"), testing::HasSubstr("from probe to probe 2.3")))
      << told(experiment, findings);
}

// Half of the calls fail: the breaker closes and opens again and again, and that is no leak.
TEST(CircuitBreaker, APartialFaultMayCloseItBetweenOpenings) {
  int violated = 0, holds = 0;
  std::string wrong;
  const int runs = property_cases(60);
  for (int seed = 1; seed <= runs; ++seed) {
    Experiment experiment = simulation::drawn_breaker(static_cast<std::uint64_t>(40000 + seed));
    experiment.breaker.consecutive = 0;
    experiment.breaker.rate = 0.3;
    experiment.share = 0.7;
    const auto findings = judged(experiment, simulation::simulate(experiment));
    holds += findings[0].verdict == Verdict::holds ? 1 : 0;
    if (findings[0].verdict != Verdict::violated) continue;
    ++violated;
    wrong += told(experiment, findings);
  }
  EXPECT_LE(violated, (runs + 99) / 100) << wrong;
  EXPECT_GE(holds, runs / 2);
}

TEST(CircuitBreaker, EqualLogsGiveEqualFindings) {
  const Experiment experiment = simulation::drawn_breaker(77);
  simulation::Run run = simulation::simulate(experiment);
  const auto once = judged(experiment, run);
  std::ranges::reverse(run.log.exchanges);
  std::ranges::reverse(run.log.faults);
  EXPECT_EQ(judged(experiment, run), once);
}

}  // namespace
}  // namespace stormproof::verify
