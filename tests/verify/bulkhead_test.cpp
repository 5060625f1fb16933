// Property tests over simulated bulkheads: right, defective, starved, noisy.
#include "harness/verify/bulkhead.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <queue>

#include "tests/verify/run_log.h"

namespace stormproof::verify {
namespace {

using scenarios::BulkheadExpectation;

enum class Wall : std::uint8_t {
  right,
  none,            // every request calls
  two_more,        // than it says
  shared_threads,  // calls take the threads of all requests
  frees_early,     // its place is free when it answers, while the call goes on
  breaker,         // no bulkhead: calls stop after a few
};

struct Ship {
  int seed = 1;
  Wall wall = Wall::right;
  double per_second = 200;
  int limit = 10;
  int threads = 40;
  double timeout_ms = 500;
  bool traced = true;
  double background = 0;
};

RunLog sail(const Ship& ship) {
  RunLog run(ship.seed);
  run.traced = ship.traced;
  run.mark();
  std::priority_queue<double, std::vector<double>, std::greater<>> places;   // when each call's place is free
  std::priority_queue<double, std::vector<double>, std::greater<>> threads;  // of all requests
  int failures = 0;
  const int limit = ship.limit + (ship.wall == Wall::two_more ? 2 : 0);
  for (double at = run.gap(ship.per_second, true); at < run.end(); at += run.gap(ship.per_second, true)) {
    const bool depends = run.dice.chance(0.5);
    const std::size_t request = run.request(at, depends ? "POST /orders" : "GET /products");
    double begin = at + 0.1;
    if (ship.wall == Wall::shared_threads) {
      while (!threads.empty() && threads.top() <= begin) threads.pop();
      if (threads.size() >= static_cast<std::size_t>(ship.threads)) begin = threads.top(), threads.pop();
    }
    if (!depends) {
      const double end = begin + run.around(2);
      if (ship.wall == Wall::shared_threads) threads.push(end);
      run.answer(request, end, run.dice.chance(ship.background) ? 500 : 200);
      continue;
    }
    const bool hurt = run.hurts(begin);
    while (!places.empty() && places.top() <= begin) places.pop();
    const bool walled = ship.wall != Wall::none && ship.wall != Wall::shared_threads && ship.wall != Wall::breaker;
    const bool full = walled && places.size() >= static_cast<std::size_t>(limit);
    if (full || (ship.wall == Wall::breaker && hurt && failures >= 5)) {
      run.answer(request, begin + 0.5, 503);
      continue;
    }
    const double took = hurt ? ship.timeout_ms : run.around(4);
    const double call_end = begin + took + (hurt && ship.wall == Wall::frees_early ? 400 : 0);
    run.call(request, begin, call_end, hurt ? 0 : 200, "payments", hurt);
    failures += hurt ? 1 : 0;
    places.push(begin + took + 0.3);
    if (ship.wall == Wall::shared_threads) threads.push(begin + took);
    run.answer(request, begin + took + 0.3, hurt ? 504 : 200);
  }
  run.log.sort();
  return run;
}

Finding judged(const Ship& ship, const BulkheadExpectation& claim) {
  const RunLog run = sail(ship);
  return judge(run.log, run.scenario({"payments"}, claim)).front();
}

BulkheadExpectation claim_of(const Ship& ship) {
  BulkheadExpectation claim{.on = "payments", .calls_at_most = static_cast<std::uint64_t>(ship.limit)};
  if (ship.traced && ship.background == 0) claim.others_p99 = of_ms(50);
  return claim;
}

Ship random_ship(int seed) {
  Dice dice(seed);
  Ship ship;
  ship.seed = seed;
  ship.per_second = dice.in(150, 400);
  ship.timeout_ms = dice.in(300, 900);
  ship.limit = dice.whole(3, static_cast<int>(ship.per_second / 2 * ship.timeout_ms / 1000 / 3));
  ship.traced = dice.chance(0.7);
  ship.background = dice.one_of({0.0, 0.05});
  ship.threads = ship.limit;
  return ship;
}

TEST(Bulkhead, CorrectTwinsHold) {
  Verdicts verdicts;
  const int runs = property_cases(40);
  for (int seed = 1; seed <= runs; ++seed) {
    const Ship ship = random_ship(seed);
    verdicts.count(judged(ship, claim_of(ship)), seed);
  }
  EXPECT_EQ(verdicts.violated, 0) << verdicts.last_violated;
  EXPECT_GE(verdicts.holds * 100, runs * 95) << verdicts.last_inconclusive;
}

TEST(Bulkhead, DefectsAreSeen) {
  for (const Wall wall : {Wall::none, Wall::two_more, Wall::shared_threads, Wall::frees_early}) {
    Verdicts verdicts;
    const int runs = property_cases(25);
    for (int seed = 1; seed <= runs; ++seed) {
      Ship ship = random_ship(1000 + seed);
      ship.wall = wall;
      BulkheadExpectation claim = claim_of(ship);
      if (wall == Wall::shared_threads) {
        ship.traced = true;
        ship.background = 0;
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
    Ship ship = random_ship(2000 + seed);
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
    Ship ship = random_ship(3000 + seed);
    ship.per_second = Dice(seed).in(2, 10);
    verdicts.count(judged(ship, claim_of(ship)), seed);
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
  const Finding finding = judged(ship, claim_of(ship));
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
