// Property tests over simulated balancers: right, defective, starved, noisy.
#include "harness/verify/failover.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/verify/balancer_simulation.h"

namespace stormproof::verify {
namespace {

using scenarios::FailoverExpectation;
using simulation::Balancer;
using simulation::Balancing;
using simulation::drawn_balancer;
using simulation::replica_name;

Finding judged(const Balancer& balancer, bool in_after = false) {
  const RunLog run = simulation::simulate(balancer);
  const auto claim = in_after ? simulation::returning_claim(balancer) : simulation::leaving_claim(balancer);
  return judge(run.log, run.scenario({replica_name(0)}, claim, in_after)).front();
}

TEST(Failover, CorrectTwinsHold) {
  Verdicts leaves;
  Verdicts returns;
  const int runs = property_cases(40);
  for (int seed = 1; seed <= runs; ++seed) {
    leaves.count(judged(drawn_balancer(seed)), seed);
    Balancer back = drawn_balancer(seed);
    back.background = 0;
    returns.count(judged(back, true), seed);
  }
  EXPECT_EQ(leaves.violated, 0) << leaves.last_violated;
  EXPECT_GE(leaves.holds * 100, runs * 90) << leaves.last_inconclusive;
  EXPECT_EQ(returns.violated, 0) << returns.last_violated;
}

TEST(Failover, DefectsAreSeen) {
  for (const Balancing how : {Balancing::never_leaves, Balancing::leaves_late, Balancing::tries_again_often,
                              Balancing::leaks_some, Balancing::drops_its_share}) {
    Verdicts verdicts;
    const int runs = property_cases(25);
    for (int seed = 1; seed <= runs; ++seed) {
      Balancer balancer = drawn_balancer(1000 + seed);
      balancer.how = how;
      // A call that hangs takes so long that hardly more than 1% of the calls can be tries.
      if (how == Balancing::tries_again_often) balancer.hangs = false;
      verdicts.count(judged(balancer), seed);
    }
    EXPECT_EQ(verdicts.holds, 0) << static_cast<int>(how) << ' ' << verdicts.last_holds;
    EXPECT_GE(verdicts.violated * 100, runs * 96) << static_cast<int>(how) << ' ' << verdicts.last_inconclusive;
  }
}

TEST(Failover, TrafficComesBackOrNot) {
  Verdicts back;
  Verdicts gone;
  const int runs = property_cases(25);
  for (int seed = 1; seed <= runs; ++seed) {
    Balancer balancer = drawn_balancer(2000 + seed);
    balancer.background = 0;
    balancer.down_ms = 2000;
    back.count(judged(balancer, true), seed);
    balancer.how = Balancing::never_returns;
    gone.count(judged(balancer, true), seed);
  }
  EXPECT_EQ(back.violated, 0) << back.last_violated;
  EXPECT_GE(back.holds * 100, runs * 95) << back.last_inconclusive;
  EXPECT_EQ(gone.violated, runs) << gone.last_holds << gone.last_inconclusive;
}

TEST(Failover, WhoNeverLeftDoesNotReturn) {
  Balancer balancer = drawn_balancer(1);
  balancer.how = Balancing::never_leaves;
  const Finding finding = judged(balancer, true);
  EXPECT_EQ(finding.verdict, Verdict::inconclusive) << told(finding);
  EXPECT_THAT(finding.summary, testing::HasSubstr("traffic had not left"));
}

TEST(Failover, StarvedRunsAreInconclusive) {
  Verdicts verdicts;
  const int runs = property_cases(25);
  for (int seed = 1; seed <= runs; ++seed) {
    Balancer balancer = drawn_balancer(3000 + seed);
    balancer.per_second = Dice(seed).in(2, 10);
    verdicts.count(judged(balancer), seed);
  }
  EXPECT_EQ(verdicts.holds, 0) << verdicts.last_holds;
  EXPECT_EQ(verdicts.violated, 0) << verdicts.last_violated;
}

// A replica that gets next to nothing loses nothing.
TEST(Failover, AReserveSaysNothing) {
  RunLog run(1);
  run.mark();
  for (double at = 0; at < run.end(); at += 5) {
    const std::size_t request = run.request(at);
    const bool reserve = static_cast<int>(at / 5) % 50 == 0;
    run.call(request, at + 1, at + 2, reserve && run.hurts(at) ? 503 : 200, reserve ? "payments-a" : "payments-b",
             reserve && run.hurts(at));
    run.answer(request, at + 3, 200);
  }
  const FailoverExpectation claim{.on = "payments-a", .others = {"payments-b"}, .leaves_within = of_ms(1000)};
  const Finding finding = judge(run.log, run.scenario({"payments-a"}, claim)).front();
  EXPECT_EQ(finding.verdict, Verdict::inconclusive) << told(finding);
  EXPECT_THAT(finding.summary, testing::HasSubstr("its leaving would not show"));
}

// A fault that hurts nobody is no reason to leave.
TEST(Failover, NoReasonNoViolation) {
  RunLog run(1);
  run.mark();
  for (double at = 0; at < run.end(); at += 5) {
    const std::size_t request = run.request(at);
    const bool first = static_cast<int>(at / 5) % 2 == 0;
    const std::size_t call =
        run.call(request, at + 1, at + 2, 200, first ? "payments-a" : "payments-b", first && run.hurts(at));
    run.log.exchanges[call].outcome = events::Outcome::answered;
    run.answer(request, at + 3, 200);
  }
  const FailoverExpectation claim{.on = "payments-a", .others = {"payments-b"}, .leaves_within = of_ms(1000)};
  const Finding finding = judge(run.log, run.scenario({"payments-a"}, claim)).front();
  EXPECT_EQ(finding.verdict, Verdict::inconclusive) << told(finding);
  EXPECT_THAT(finding.summary, testing::HasSubstr("no reason to leave"));
}

TEST(Failover, SaysWhatShowsIt) {
  Balancer balancer;
  balancer.how = Balancing::never_leaves;
  const Finding finding = judged(balancer);
  ASSERT_EQ(finding.verdict, Verdict::violated) << told(finding);
  EXPECT_EQ(finding.exchanges.size(), 20u);
  EXPECT_EQ(finding.timeline.front().what, "faults on");
  EXPECT_THAT(finding.summary, testing::HasSubstr("before the fault"));
}

}  // namespace
}  // namespace stormproof::verify
