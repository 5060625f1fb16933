// Property tests over simulated fallbacks: right, defective, starved, noisy.
#include "harness/verify/fallback.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/verify/run_log.h"

namespace stormproof::verify {
namespace {

using events::Content;
using scenarios::FallbackExpectation;

enum class Answer : std::uint8_t { right, fails, empty, broken, another_shape, slow, stale, silent_on_age, none };

struct Kitchen {
  int seed = 1;
  Answer answer = Answer::right;
  double bad_share = 1;  // of the fallbacks that the defect takes
  double per_second = 120;
  double share = 1;      // of the calls that fail
  bool breaker = false;  // most requests make no call at all
  bool traced = true;
  bool looked = true;  // the run looked into answers
  double background = 0;
};

RunLog cook(const Kitchen& kitchen) {
  RunLog run(kitchen.seed);
  run.traced = kitchen.traced;
  run.mark();
  for (double at = 0; at < run.end(); at += run.gap(kitchen.per_second, true)) {
    const std::size_t request = run.request(at, "GET /menu/{id}");
    const bool hurt = run.hurts(at + 1) && run.dice.chance(kitchen.share);
    const bool calls = !(kitchen.breaker && hurt && run.dice.chance(0.9));
    const bool fails = hurt && calls;
    if (calls) run.call(request, at + 1, at + 2, fails ? 503 : 200, "payments", fails);
    double took = run.around(hurt ? 3 : 8);
    std::uint16_t status = run.dice.chance(kitchen.background) && !hurt ? 500 : 200;
    Content content{.kind = Content::Kind::json, .shape = 7};
    if (hurt) content.age = 20;
    if (hurt && run.dice.chance(kitchen.bad_share)) {
      switch (kitchen.answer) {
        case Answer::right: break;
        case Answer::fails: status = 502; break;
        case Answer::empty: content = {.kind = Content::Kind::empty, .age = 20}; break;
        case Answer::broken: content = {.kind = Content::Kind::broken_json, .age = 20}; break;
        case Answer::another_shape: content.shape = 8; break;
        case Answer::slow: took = 700; break;
        case Answer::stale: content.age = 4000; break;
        case Answer::silent_on_age: content.age = events::Advice::not_said; break;
        case Answer::none: status = 0; break;
      }
    }
    run.answer(request, at + 2 + took, status);
    if (status != 0 && kitchen.looked) run.log.exchanges[request].content = content;
  }
  run.log.sort();
  return run;
}

FallbackExpectation claim() {
  return {.on = "payments", .within = of_ms(100), .body = "as-usual", .fresh_within = of_ms(60'000)};
}

Finding judged(const Kitchen& kitchen, const FallbackExpectation& what = claim()) {
  const RunLog run = cook(kitchen);
  scenarios::Scenario scenario = run.scenario({"payments"}, what);
  scenario.phases[0].faults[0].share = kitchen.share;
  return judge(run.log, scenario).front();
}

Kitchen random_kitchen(int seed) {
  Dice dice(seed);
  Kitchen kitchen;
  kitchen.seed = seed;
  kitchen.per_second = dice.in(120, 300);
  kitchen.share = dice.one_of({1.0, 0.6});
  kitchen.breaker = kitchen.share == 1 && dice.chance(0.3);
  kitchen.background = dice.one_of({0.0, 0.05});
  return kitchen;
}

TEST(Fallback, CorrectTwinsHold) {
  Verdicts verdicts;
  const int runs = property_cases(40);
  for (int seed = 1; seed <= runs; ++seed) verdicts.count(judged(random_kitchen(seed)), seed);
  EXPECT_EQ(verdicts.violated, 0) << verdicts.last_violated;
  EXPECT_GE(verdicts.holds * 100, runs * 95) << verdicts.last_inconclusive;
}

TEST(Fallback, DefectsAreSeen) {
  for (const Answer answer : {Answer::fails, Answer::empty, Answer::broken, Answer::another_shape, Answer::slow,
                              Answer::stale, Answer::none}) {
    Verdicts verdicts;
    const int runs = property_cases(20);
    for (int seed = 1; seed <= runs; ++seed) {
      Kitchen kitchen = random_kitchen(1000 + seed);
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
    Kitchen kitchen = random_kitchen(3000 + seed);
    kitchen.per_second = Dice(seed).in(1, 12);
    verdicts.count(judged(kitchen), seed);
  }
  EXPECT_EQ(verdicts.inconclusive, runs) << verdicts.last_holds << verdicts.last_violated;
}

}  // namespace
}  // namespace stormproof::verify
