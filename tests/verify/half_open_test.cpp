#include "harness/verify/half_open.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/verify/judge.h"
#include "tests/verify/properties.h"
#include "tests/verify/subject_draws.h"

namespace stormproof::verify {
namespace {

using simulation::Experiment;
using simulation::Failing;

Finding judged(const Experiment& experiment, std::uint64_t claimed) {
  auto claim = simulation::outage_claim(experiment);
  claim.opens_within.reset();
  claim.leaks_at_most.reset();
  claim.half_open_calls = claimed;
  return judge(simulation::simulate(experiment).log,
               simulation::scenario_of(experiment, claim, simulation::recovery_claim(experiment)))
      .front();
}

const Check& half_open(const Finding& finding) {
  const auto found = std::ranges::find(finding.checks, "half-open-calls", &Check::name);
  static const Check none;
  return found == finding.checks.end() ? none : *found;
}

// A dependency that hangs: a probe lasts as long as the timeout.
Experiment drawn(int seed) {
  Experiment experiment = simulation::drawn_breaker(static_cast<std::uint64_t>(seed));
  Dice dice(seed);
  experiment.failing = Failing::hanging;
  experiment.correlated = true;
  experiment.breaker.width = dice.whole(1, 5);
  experiment.timeout = std::chrono::milliseconds(dice.whole(100, 500));
  experiment.missing = dice.one_of({0.0, 0.1});
  return experiment;
}

TEST(HalfOpen, WhatIsClaimedHolds) {
  Verdicts verdicts;
  const int runs = property_cases(40);
  for (int seed = 1; seed <= runs; ++seed) {
    const Experiment experiment = drawn(seed);
    verdicts.count(judged(experiment, static_cast<std::uint64_t>(experiment.breaker.width)), seed);
  }
  EXPECT_EQ(verdicts.violated, 0) << verdicts.last_violated;
  EXPECT_GE(verdicts.holds * 100, runs * 95) << verdicts.last_inconclusive;
}

TEST(HalfOpen, MoreOrFewerAreSeen) {
  for (const int off : {-1, 1}) {
    Verdicts verdicts;
    const int runs = property_cases(40);
    for (int seed = 1; seed <= runs; ++seed) {
      Experiment experiment = drawn(1000 + seed);
      const int claimed = std::max(1, experiment.breaker.width);
      experiment.breaker.width = std::max(1, claimed + off);
      if (experiment.breaker.width == claimed) experiment.breaker.width = 2;
      verdicts.count(judged(experiment, static_cast<std::uint64_t>(claimed)), seed);
    }
    EXPECT_EQ(verdicts.holds, 0) << verdicts.last_holds;
    EXPECT_GE(verdicts.violated * 100, runs * 95) << verdicts.last_inconclusive;
  }
}

// One that fails at once is over before a second call could come.
TEST(HalfOpen, FastFailuresDoNotTell) {
  Verdicts verdicts;
  const int runs = property_cases(20);
  for (int seed = 1; seed <= runs; ++seed) {
    Experiment experiment = drawn(2000 + seed);
    experiment.failing = Failing::fast;
    experiment.per_second = 100;
    experiment.breaker.width = 3;
    verdicts.count(judged(experiment, 1), seed);
  }
  EXPECT_EQ(verdicts.holds, 0) << verdicts.last_holds;
  EXPECT_THAT(verdicts.last_inconclusive, testing::HasSubstr("make the dependency hang"));
}

TEST(HalfOpen, WithoutTraceIdsNothing) {
  Experiment experiment = drawn(1);
  experiment.correlated = false;
  experiment.other_class = 0;
  const Finding finding = judged(experiment, static_cast<std::uint64_t>(experiment.breaker.width));
  EXPECT_EQ(half_open(finding).verdict, Verdict::inconclusive);
  EXPECT_THAT(half_open(finding).missing, testing::HasSubstr("send traceparent"));
}

TEST(HalfOpen, StarvedRunsAreInconclusive) {
  Verdicts verdicts;
  const int runs = property_cases(20);
  for (int seed = 1; seed <= runs; ++seed) {
    Experiment experiment = drawn(3000 + seed);
    experiment.per_second = 2;
    experiment.steady = std::chrono::seconds(20);
    verdicts.count(judged(experiment, static_cast<std::uint64_t>(experiment.breaker.width)), seed);
  }
  EXPECT_EQ(verdicts.inconclusive, runs) << verdicts.last_holds << verdicts.last_violated;
}

}  // namespace
}  // namespace stormproof::verify
