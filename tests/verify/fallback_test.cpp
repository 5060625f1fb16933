// Property tests over simulated fallbacks: right, defective, starved, noisy.
#include "harness/verify/fallback.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/verify/fallback_simulation.h"

namespace stormproof::verify {
namespace {

using scenarios::FallbackExpectation;
using simulation::Answer;
using simulation::drawn_kitchen;
using simulation::Kitchen;

Finding judged(const Kitchen& kitchen, const FallbackExpectation& what = simulation::fallback_claim()) {
  const RunLog run = simulation::simulate(kitchen);
  return judge(run.log, simulation::scenario_of(kitchen, run, what)).front();
}

TEST(Fallback, CorrectTwinsHold) {
  Verdicts verdicts;
  const int runs = property_cases(40);
  for (int seed = 1; seed <= runs; ++seed) verdicts.count(judged(drawn_kitchen(seed)), seed);
  EXPECT_EQ(verdicts.violated, 0) << verdicts.last_violated;
  EXPECT_GE(verdicts.holds * 100, runs * 95) << verdicts.last_inconclusive;
}

TEST(Fallback, DefectsAreSeen) {
  for (const Answer answer : {Answer::fails, Answer::empty, Answer::broken, Answer::another_shape, Answer::slow,
                              Answer::stale, Answer::none}) {
    Verdicts verdicts;
    const int runs = property_cases(20);
    for (int seed = 1; seed <= runs; ++seed) {
      Kitchen kitchen = drawn_kitchen(1000 + seed);
      kitchen.answer = answer;
      kitchen.bad_share = Dice(seed).one_of({1.0, 0.05});
      verdicts.count(judged(kitchen), seed);
    }
    EXPECT_EQ(verdicts.holds, 0) << static_cast<int>(answer) << ' ' << verdicts.last_holds;
    EXPECT_GE(verdicts.violated * 100, runs * 98) << static_cast<int>(answer) << ' ' << verdicts.last_inconclusive;
  }
}

// The claim that most will write: a status, and nothing of the body.
TEST(Fallback, A200WithAnEmptyBodyDoesNotPass) {
  Kitchen kitchen;
  kitchen.answer = Answer::empty;
  const Finding finding = judged(kitchen, {.on = "payments", .status = 200});
  EXPECT_EQ(finding.verdict, Verdict::violated) << told(finding);
  EXPECT_THAT(finding.summary, testing::HasSubstr("without a body"));
  EXPECT_EQ(finding.exchanges.size(), 20u);
}

TEST(Fallback, AnotherShapeIsJson) {
  Kitchen kitchen;
  kitchen.answer = Answer::another_shape;
  EXPECT_EQ(judged(kitchen, {.on = "payments", .body = "json"}).verdict, Verdict::holds);
  EXPECT_EQ(judged(kitchen, {.on = "payments", .body = "as-usual"}).verdict, Verdict::violated);
}

// The dependency fails now and then at all times: what is answered then is no usual answer.
TEST(Fallback, AFallbackOfTheSteadyStateIsNotTheUsualShape) {
  Kitchen kitchen;
  kitchen.answer = Answer::another_shape;
  kitchen.background = 0.05;
  const Finding finding = judged(kitchen, {.on = "payments", .body = "as-usual"});
  EXPECT_EQ(finding.verdict, Verdict::violated) << told(finding);
  kitchen.answer = Answer::right;
  EXPECT_EQ(judged(kitchen, {.on = "payments", .body = "as-usual"}).verdict, Verdict::holds);
}

TEST(Fallback, WhatNobodyLookedAtIsNotKnown) {
  Kitchen kitchen;
  kitchen.looked = false;
  Finding finding = judged(kitchen, {.on = "payments"});
  EXPECT_EQ(finding.verdict, Verdict::inconclusive) << told(finding);
  EXPECT_THAT(finding.summary, testing::HasSubstr("did not look into answers"));
  kitchen = {};
  kitchen.answer = Answer::silent_on_age;
  finding = judged(kitchen);
  EXPECT_EQ(finding.verdict, Verdict::inconclusive) << told(finding);
  EXPECT_THAT(finding.summary, testing::HasSubstr("send Age"));
  kitchen = {};
  kitchen.traced = false;
  finding = judged(kitchen);
  EXPECT_EQ(finding.verdict, Verdict::inconclusive) << told(finding);
  EXPECT_THAT(finding.summary, testing::HasSubstr("send traceparent"));
}

TEST(Fallback, StarvedRunsAreInconclusive) {
  Verdicts verdicts;
  const int runs = property_cases(25);
  for (int seed = 1; seed <= runs; ++seed) {
    Kitchen kitchen = drawn_kitchen(3000 + seed);
    kitchen.per_second = Dice(seed).in(1, 12);
    verdicts.count(judged(kitchen), seed);
  }
  EXPECT_EQ(verdicts.inconclusive, runs) << verdicts.last_holds << verdicts.last_violated;
}

}  // namespace
}  // namespace stormproof::verify
