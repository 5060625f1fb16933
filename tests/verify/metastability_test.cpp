// Property tests over simulated services that a stall or a surge has filled: right, defective, starved, noisy.
#include "harness/verify/metastability.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/verify/run_log.h"

namespace stormproof::verify {
namespace {

using scenarios::MetastabilityExpectation;

struct Plant {
  int seed = 1;
  bool stays_down = false;  // who waited for long costs more: the queue never empties
  double per_second = 100;
  double load = 0.6;       // of its capacity
  double stall_ms = 3000;  // what the fault does: nothing is served meanwhile
  double surge = 0;        // instead of the fault: so many times the load
  double background = 0;
  double after_times = 1;  // the load afterwards, in comparison
  bool poisson = true;
};

RunLog operate(const Plant& plant) {
  RunLog run(plant.seed);
  run.hurt_ms = plant.stall_ms;
  run.after_ms = 15000;
  run.mark(plant.surge == 0);
  double free_at = 0;
  for (double at = 0; at < run.end();) {
    const bool hurt = run.hurts(at);
    const std::size_t request = run.request(at);
    double begin = std::max(at, free_at);
    if (plant.surge == 0 && begin >= run.hurt_from() && begin < run.hurt_to()) begin = run.hurt_to();
    const double waited = begin - at;
    const double work = run.around(1000 / plant.per_second * plant.load, 0.1);
    if (plant.surge == 0 && hurt) run.call(request, at + 0.5, std::max(at + 1, begin), 200, "payments", true);
    else run.call(request, at + 0.5, at + 1, 200);
    if (!plant.stays_down && waited > 300) {  // sheds
      run.answer(request, at + 301, 503);
    } else {
      // Who waited was sent again by an impatient caller, and is worked on twice.
      const double end = begin + work * (plant.stays_down && waited > 300 ? 2.2 : 1);
      free_at = end;
      run.answer(request, end, run.dice.chance(plant.background) ? 500 : 200);
    }
    const double times = hurt && plant.surge > 0 ? plant.surge : at >= run.hurt_to() ? plant.after_times : 1;
    at += run.gap(plant.per_second * times, plant.poisson);
  }
  run.log.sort();
  return run;
}

Finding judged(const Plant& plant, scenarios::Affinity affinity = scenarios::Affinity::none) {
  const RunLog run = operate(plant);
  const MetastabilityExpectation claim{.within = of_ms(5000)};
  scenarios::Scenario scenario =
      run.scenario(plant.surge == 0 ? std::vector<std::string>{"payments"} : std::vector<std::string>{}, claim, true);
  scenario.traffic.affinity = affinity;
  if (plant.surge > 0) {
    scenario.traffic.poisson_per_second.reset();
    scenario.traffic.steps = {{plant.per_second, of_ms(run.steady_ms)},
                              {plant.per_second * plant.surge, of_ms(run.hurt_ms)},
                              {plant.per_second, {}}};
  }
  return judge(run.log, scenario).front();
}

Plant random_plant(int seed) {
  Dice dice(seed);
  Plant plant;
  plant.seed = seed;
  plant.per_second = dice.in(60, 200);
  plant.load = dice.in(0.5, 0.65);
  plant.stall_ms = dice.in(2000, 5000);
  plant.surge = dice.one_of({0.0, 0.0, 4.0});
  plant.background = dice.one_of({0.0, 0.03});
  plant.poisson = dice.chance(0.5);
  return plant;
}

TEST(Metastability, CorrectTwinsHold) {
  Verdicts verdicts;
  const int runs = property_cases(40);
  for (int seed = 1; seed <= runs; ++seed) verdicts.count(judged(random_plant(seed)), seed);
  EXPECT_EQ(verdicts.violated, 0) << verdicts.last_violated;
  EXPECT_GE(verdicts.holds * 100, runs * 90) << verdicts.last_inconclusive;
}

TEST(Metastability, WhatStaysDownIsSeen) {
  Verdicts verdicts;
  const int runs = property_cases(40);
  for (int seed = 1; seed <= runs; ++seed) {
    Plant plant = random_plant(1000 + seed);
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
    Plant plant = random_plant(2000 + seed);
    plant.per_second = 3;
    plant.stays_down = seed % 2 == 0;
    verdicts.count(judged(plant), seed);
  }
  EXPECT_EQ(verdicts.inconclusive, runs) << verdicts.last_holds << verdicts.last_violated;
}

TEST(Metastability, AClosedLoopHidesIt) {
  const Finding finding = judged(random_plant(1), scenarios::Affinity::recorded);
  EXPECT_EQ(finding.verdict, Verdict::inconclusive) << told(finding);
  EXPECT_THAT(finding.summary, testing::HasSubstr("which hides it"));
}

TEST(Metastability, AnotherLoadIsAnotherQuestion) {
  Plant plant = random_plant(1);
  plant.surge = 0;
  plant.stays_down = true;
  plant.after_times = 0.5;
  const Finding finding = judged(plant);
  EXPECT_EQ(finding.verdict, Verdict::inconclusive) << told(finding);
  EXPECT_THAT(finding.summary, testing::HasSubstr("the load must be the same"));
}

TEST(Metastability, WhatDidNotHurtSaysNothing) {
  Plant plant = random_plant(1);
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
