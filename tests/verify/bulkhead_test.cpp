// Property tests over simulated bulkheads: right, defective, starved, noisy.
#include "harness/verify/bulkhead.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/verify/bulkhead_simulation.h"

namespace stormproof::verify {
namespace {

using scenarios::BulkheadExpectation;
using simulation::bulkhead_claim;
using simulation::drawn_ship;
using simulation::Ship;
using simulation::Wall;

Finding judged(const Ship& ship, const BulkheadExpectation& claim) {
  const RunLog run = simulation::simulate(ship);
  return judge(run.log, simulation::scenario_of(ship, run, claim)).front();
}

TEST(Bulkhead, CorrectTwinsHold) {
  Verdicts verdicts;
  const int runs = property_cases(40);
  for (int seed = 1; seed <= runs; ++seed) {
    const Ship ship = drawn_ship(seed);
    verdicts.count(judged(ship, bulkhead_claim(ship)), seed);
  }
  EXPECT_EQ(verdicts.violated, 0) << verdicts.last_violated;
  EXPECT_GE(verdicts.holds * 100, runs * 95) << verdicts.last_inconclusive;
}

TEST(Bulkhead, DefectsAreSeen) {
  for (const Wall wall : {Wall::none, Wall::two_more, Wall::shared_threads, Wall::frees_early}) {
    Verdicts verdicts;
    const int runs = property_cases(25);
    for (int seed = 1; seed <= runs; ++seed) {
      Ship ship = drawn_ship(1000 + seed);
      ship.wall = wall;
      BulkheadExpectation claim = bulkhead_claim(ship);
      if (wall == Wall::shared_threads) {
        ship.traced = true;
        claim.calls_at_most.reset();
        claim.others_p99 = of_ms(50);
      }
      verdicts.count(judged(ship, claim), seed);
    }
    EXPECT_EQ(verdicts.holds, 0) << static_cast<int>(wall) << ' ' << verdicts.last_holds;
    EXPECT_GE(verdicts.violated * 100, runs * 98) << static_cast<int>(wall) << ' ' << verdicts.last_inconclusive;
  }
}

// What keeps calls back must be the bulkhead.
TEST(Bulkhead, ABreakerIsNoBulkhead) {
  Verdicts verdicts;
  const int runs = property_cases(25);
  for (int seed = 1; seed <= runs; ++seed) {
    Ship ship = drawn_ship(2000 + seed);
    ship.wall = Wall::breaker;
    ship.limit = 10;
    verdicts.count(judged(ship, {.on = "payments", .calls_at_most = 10}), seed);
  }
  EXPECT_EQ(verdicts.inconclusive, runs) << verdicts.last_holds << verdicts.last_violated;
}

TEST(Bulkhead, StarvedRunsAreInconclusive) {
  Verdicts verdicts;
  const int runs = property_cases(25);
  for (int seed = 1; seed <= runs; ++seed) {
    Ship ship = drawn_ship(3000 + seed);
    ship.per_second = Dice(seed).in(2, 10);
    verdicts.count(judged(ship, bulkhead_claim(ship)), seed);
  }
  EXPECT_EQ(verdicts.inconclusive, runs) << verdicts.last_holds << verdicts.last_violated;
  EXPECT_THAT(verdicts.last_inconclusive, testing::HasSubstr("needs"));
}

// Refused at once is not served.
TEST(Bulkhead, OthersThatAreRefusedAreNotWell) {
  RunLog run(1);
  run.mark();
  for (double at = 0; at < run.end(); at += 4) {
    const std::size_t other = run.request(at, "GET /products");
    run.answer(other, at + 1, run.hurts(at) ? 503 : 200);
    const std::size_t request = run.request(at + 1, "POST /orders");
    run.call(request, at + 1.5, at + (run.hurts(at) ? 300 : 3), run.hurts(at) ? 0 : 200, "payments", run.hurts(at));
    run.answer(request, at + (run.hurts(at) ? 301 : 4), run.hurts(at) ? 504 : 200);
  }
  const Finding finding =
      judge(run.log, run.scenario({"payments"}, BulkheadExpectation{.on = "payments", .others_p99 = of_ms(50)}))
          .front();
  EXPECT_EQ(finding.verdict, Verdict::violated) << told(finding);
  EXPECT_THAT(finding.summary, testing::HasSubstr("no answer"));
}

TEST(Bulkhead, AFaultThatDoesNotHangSaysNothing) {
  Ship ship;
  ship.timeout_ms = 3;
  const Finding finding = judged(ship, bulkhead_claim(ship));
  EXPECT_EQ(finding.verdict, Verdict::inconclusive) << told(finding);
  EXPECT_THAT(finding.summary, testing::HasSubstr("it must hang"));
}

TEST(Bulkhead, WithoutTraceIdsNobodyKnowsTheOthers) {
  Ship ship;
  ship.traced = false;
  const Finding finding = judged(ship, {.on = "payments", .others_p99 = of_ms(50)});
  EXPECT_EQ(finding.verdict, Verdict::inconclusive) << told(finding);
  EXPECT_THAT(finding.summary, testing::HasSubstr("send traceparent"));
}

}  // namespace
}  // namespace stormproof::verify
