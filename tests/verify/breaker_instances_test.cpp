#include "harness/verify/breaker_instances.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/verify/judge.h"
#include "tests/verify/properties.h"
#include "tests/verify/subject_draws.h"

namespace stormproof::verify {
namespace {

using scenarios::BreakerScope;
using simulation::Defect;
using simulation::Experiment;

// Of a service with so many instances, each with a breaker of its own.
Experiment drawn(int seed, int instances) {
  Experiment experiment = simulation::drawn_breaker(static_cast<std::uint64_t>(seed));
  Dice dice(seed);
  experiment.correlated = true;
  experiment.instances = instances;
  experiment.failing =
      dice.one_of({simulation::Failing::fast, simulation::Failing::fast, simulation::Failing::hanging});
  experiment.per_second = dice.in(100, 250);
  experiment.breaker.consecutive = dice.one_of({5, 10});
  experiment.breaker.sleep = std::chrono::milliseconds(dice.whole(1000, 2500));
  experiment.missing = dice.one_of({0.0, 0.1});
  return experiment;
}

Finding judged(const Experiment& experiment, BreakerScope scope, std::uint64_t instances) {
  auto claim = simulation::outage_claim(experiment);
  claim.scope = scope;
  claim.instances = instances;
  return judge(simulation::simulate(experiment).log,
               simulation::scenario_of(experiment, claim, simulation::recovery_claim(experiment)))
      .front();
}

TEST(BreakerInstances, EachWithOneOfItsOwn) {
  Verdicts verdicts;
  const int runs = property_cases(60);
  for (int seed = 1; seed <= runs; ++seed) {
    const int instances = seed % 2 + 2;
    verdicts.count(judged(drawn(seed, instances), BreakerScope::instance, static_cast<std::uint64_t>(instances)), seed);
  }
  EXPECT_EQ(verdicts.violated, 0) << verdicts.last_violated;
  EXPECT_GE(verdicts.holds * 100, runs * 20) << verdicts.last_inconclusive;
}

TEST(BreakerInstances, SharedIsDisprovedAndNeverShown) {
  Verdicts shared;
  Verdicts apart;
  const int runs = property_cases(40);
  for (int seed = 1; seed <= runs; ++seed) {
    shared.count(judged(drawn(1000 + seed, 1), BreakerScope::shared, 2), seed);
    apart.count(judged(drawn(1000 + seed, 2), BreakerScope::shared, 2), seed);
  }
  EXPECT_EQ(shared.holds + shared.violated, 0) << shared.last_holds << shared.last_violated;
  EXPECT_THAT(shared.last_inconclusive, testing::HasSubstr("gets no traffic"));
  EXPECT_EQ(apart.holds, 0) << apart.last_holds;
  EXPECT_GE(apart.violated * 100, runs * 50) << apart.last_inconclusive;
}

TEST(BreakerInstances, DefectsNeverHold) {
  for (const Defect defect : {Defect::never_opens, Defect::leaks, Defect::never_half_opens, Defect::retry_bypass}) {
    Verdicts verdicts;
    const int runs = property_cases(30);
    int shown = 0;
    for (int seed = 1; seed <= runs; ++seed) {
      Experiment experiment = drawn(2000 + seed, 2);
      experiment.breaker.defect = defect;
      const auto truth = simulation::simulate(experiment).truth;
      if (defect == Defect::leaks && truth.leaked.size() < 3) continue;
      ++shown;
      verdicts.count(judged(experiment, BreakerScope::instance, 2), seed);
    }
    EXPECT_EQ(verdicts.holds, 0) << static_cast<int>(defect) << verdicts.last_holds;
    if (defect == Defect::leaks) EXPECT_GE(verdicts.violated * 100, shown * 60) << verdicts.last_inconclusive;
  }
}

TEST(BreakerInstances, StarvedRunsAreInconclusive) {
  Verdicts verdicts;
  const int runs = property_cases(20);
  for (int seed = 1; seed <= runs; ++seed) {
    Experiment experiment = drawn(3000 + seed, 2);
    experiment.per_second = 3;
    experiment.steady = std::chrono::seconds(20);
    verdicts.count(judged(experiment, BreakerScope::instance, 2), seed);
  }
  EXPECT_EQ(verdicts.inconclusive, runs) << verdicts.last_holds << verdicts.last_violated;
}

}  // namespace
}  // namespace stormproof::verify
