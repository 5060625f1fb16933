// Property tests over simulated services that a stall or a surge has filled: right, defective, starved, noisy.
#include "harness/verify/metastability.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/verify/plant_simulation.h"

namespace stormproof::verify {
namespace {

using scenarios::MetastabilityExpectation;
using simulation::drawn_plant;
using simulation::Plant;

Finding judged(const Plant& plant, scenarios::Affinity affinity = scenarios::Affinity::none) {
  const RunLog run = simulation::simulate(plant);
  scenarios::Scenario scenario = simulation::scenario_of(plant, run, {.within = of_ms(5000)});
  scenario.traffic.affinity = affinity;
  return judge(run.log, scenario).front();
}

TEST(Metastability, CorrectTwinsHold) {
  Verdicts verdicts;
  const int runs = property_cases(40);
  for (int seed = 1; seed <= runs; ++seed) verdicts.count(judged(drawn_plant(seed)), seed);
  EXPECT_EQ(verdicts.violated, 0) << verdicts.last_violated;
  EXPECT_GE(verdicts.holds * 100, runs * 90) << verdicts.last_inconclusive;
}

TEST(Metastability, WhatStaysDownIsSeen) {
  Verdicts verdicts;
  const int runs = property_cases(40);
  for (int seed = 1; seed <= runs; ++seed) {
    Plant plant = drawn_plant(1000 + seed);
    plant.stays_down = true;
    verdicts.count(judged(plant), seed);
  }
  EXPECT_EQ(verdicts.holds, 0) << verdicts.last_holds;
  EXPECT_GE(verdicts.violated * 100, runs * 95) << verdicts.last_inconclusive;
}

TEST(Metastability, StarvedRunsAreInconclusive) {
  Verdicts verdicts;
  const int runs = property_cases(25);
  for (int seed = 1; seed <= runs; ++seed) {
    Plant plant = drawn_plant(2000 + seed);
    plant.per_second = 3;
    plant.stays_down = seed % 2 == 0;
    verdicts.count(judged(plant), seed);
  }
  EXPECT_EQ(verdicts.inconclusive, runs) << verdicts.last_holds << verdicts.last_violated;
}

TEST(Metastability, AClosedLoopHidesIt) {
  const Finding finding = judged(drawn_plant(1), scenarios::Affinity::recorded);
  EXPECT_EQ(finding.verdict, Verdict::inconclusive) << told(finding);
  EXPECT_THAT(finding.summary, testing::HasSubstr("which hides it"));
}

TEST(Metastability, AnotherLoadIsAnotherQuestion) {
  Plant plant = drawn_plant(1);
  plant.surge = 0;
  plant.stays_down = true;
  plant.after_times = 0.5;
  const Finding finding = judged(plant);
  EXPECT_EQ(finding.verdict, Verdict::inconclusive) << told(finding);
  EXPECT_THAT(finding.summary, testing::HasSubstr("the load must be the same"));
}

TEST(Metastability, WhatDidNotHurtSaysNothing) {
  Plant plant = drawn_plant(1);
  plant.surge = 0;
  plant.background = 0;
  plant.stall_ms = 50;
  const Finding finding = judged(plant);
  EXPECT_EQ(finding.verdict, Verdict::inconclusive) << told(finding);
}

TEST(Metastability, NothingWasOver) {
  RunLog run(1);
  run.mark(false);
  for (double at = 0; at < run.end(); at += 10) run.answer(run.request(at), at + 2, 200);
  const Finding finding =
      judge(run.log, run.scenario({}, MetastabilityExpectation{.within = of_ms(1000)}, true)).front();
  EXPECT_EQ(finding.verdict, Verdict::inconclusive) << told(finding);
  EXPECT_THAT(finding.summary, testing::HasSubstr("nothing that could have hurt"));
}

}  // namespace
}  // namespace stormproof::verify
