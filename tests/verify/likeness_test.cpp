#include "harness/verify/likeness.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/verify/judge.h"
#include "tests/verify/properties.h"
#include "tests/verify/subject_draws.h"

namespace stormproof::verify {
namespace {

using simulation::Experiment;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;

Marks seen_of(const Experiment& experiment) {
  const simulation::Run run = simulation::simulate(experiment);
  const auto scenario = simulation::scenario_of(experiment, simulation::outage_claim(experiment, false),
                                                simulation::recovery_claim(experiment));
  const View view(run.log, scenario);
  const Calls calls = calls_of(view, simulation::dependency);
  return marks_of(outage_of(calls, run.faults_on, run.faults_off, std::nullopt));
}

Experiment drawn(int seed) {
  Dice dice(seed);
  Experiment experiment;
  experiment.seed = static_cast<std::uint64_t>(seed);
  experiment.per_second = dice.in(80, 200);
  experiment.background_errors = dice.one_of({0.0, 0.05});
  experiment.outage = seconds(30);
  experiment.breaker.sleep = milliseconds(dice.whole(800, 2000));
  return experiment;
}

TEST(Likeness, TheMarksHoldTheTruth) {
  int widths = 0;
  const int runs = property_cases(30);
  for (int seed = 1; seed <= runs; ++seed) {
    Experiment experiment = drawn(seed);
    experiment.breaker.consecutive = Dice(seed).whole(3, 12);
    const Marks marks = seen_of(experiment);
    ASSERT_TRUE(marks.opened) << seed;
    EXPECT_LE(marks.failures_low, static_cast<std::uint64_t>(experiment.breaker.consecutive)) << seed;
    EXPECT_GE(marks.failures_high, static_cast<std::uint64_t>(experiment.breaker.consecutive)) << seed;
    EXPECT_EQ(marks.window.law, Law::constant) << seed;
    widths += marks.width == 1 ? 1 : 0;
  }
  EXPECT_GE(widths * 100, runs * 95);
}

TEST(Likeness, PresetsAreNamedByTheirDefaults) {
  Experiment experiment = drawn(1);
  experiment.background_errors = 0;
  experiment.outage = seconds(40);
  experiment.breaker.sleep = seconds(5);
  experiment.breaker.consecutive = 0;
  EXPECT_THAT(describe(seen_of(experiment)),
              AllOf(HasSubstr(" It slept for 5."), HasSubstr("let 1 call through half-open"),
                    HasSubstr("Hystrix (2 of 2 marks)"), HasSubstr("Polly v8 (2 of 2 marks)")));
  experiment.breaker.sleep = seconds(60);
  experiment.breaker.consecutive = 6;
  experiment.outage = seconds(200);
  EXPECT_THAT(describe(seen_of(experiment)), HasSubstr("gobreaker (3 of 3 marks)"));
}

TEST(Likeness, AnotherTimeToSleepLeavesTheOtherMarks) {
  for (int seed = 1; seed <= 10; ++seed) {
    Experiment experiment = drawn(seed);
    experiment.background_errors = 0;
    experiment.breaker.consecutive = 6;
    EXPECT_THAT(describe(seen_of(experiment)), HasSubstr("gobreaker (2 of 3 marks, but that sleeps otherwise)."))
        << seed;
  }
}

// Envoy has no probe: after its sleep all calls go through until as many as it opens after have failed again.
TEST(Likeness, OneWithoutProbesLetsAsManyThroughAsOpenIt) {
  Marks marks{.failures_low = 5, .failures_high = 5, .opened = true, .cycles = 3, .width = 5};
  marks.window = {.law = Law::linear, .first = {milliseconds(490), milliseconds(530)}, .step = milliseconds(500)};
  const auto named = [&] {
    const auto found = likenesses(marks);
    return found.empty() ? std::string_view() : found.front().preset->name;
  };
  EXPECT_EQ(named(), "Envoy's outlier detection");
  marks.width = 1;
  EXPECT_EQ(named(), "");
}

TEST(Likeness, WhatIsTunedIsLikeNone) {
  const Marks marks = seen_of(drawn(3));
  EXPECT_TRUE(likenesses(marks).empty());
  EXPECT_THAT(describe(marks), testing::AllOf(HasSubstr("It slept for"), testing::Not(HasSubstr("by default"))));
}

TEST(Likeness, OneThatNeverOpenedShowsNothing) {
  Experiment experiment = drawn(4);
  experiment.breaker.defect = simulation::Defect::never_opens;
  EXPECT_EQ(describe(seen_of(experiment)), "");
}

TEST(Likeness, AFindingThatHoldsSaysIt) {
  const Experiment experiment = drawn(5);
  const auto findings = judge(simulation::simulate(experiment).log,
                              simulation::scenario_of(experiment, simulation::outage_claim(experiment),
                                                      simulation::recovery_claim(experiment)));
  EXPECT_EQ(findings[0].verdict, Verdict::holds) << told(findings[0]);
  EXPECT_THAT(findings[0].summary, HasSubstr("It slept for"));
}

}  // namespace
}  // namespace stormproof::verify
