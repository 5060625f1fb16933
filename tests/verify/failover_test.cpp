// Property tests over simulated balancers: right, defective, starved, noisy.
#include "harness/verify/failover.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/verify/run_log.h"

namespace stormproof::verify {
namespace {

using scenarios::FailoverExpectation;

enum class Balancing : std::uint8_t {
  right,
  never_leaves,
  leaves_late,
  tries_again_often,  // every 20 ms
  leaks_some,         // one call in 20
  drops_its_share,    // what would have gone to the hurt replica goes nowhere
  never_returns,
};

struct Balancer {
  int seed = 1;
  Balancing how = Balancing::right;
  double per_second = 150;
  int replicas = 2;
  bool hangs = false;
  bool traced = true;
  double background = 0;       // share of good calls that fail anyway
  double checks_every_ms = 0;  // health checks of each replica
  double down_ms = 4000;       // as nginx's fail_timeout
  double timeout_ms = 200;
};

std::string name_of(int replica) { return "payments-" + std::string(1, static_cast<char>('a' + replica)); }

class Model {
 public:
  explicit Model(const Balancer& balancer) : the_(balancer), run_(balancer.seed) {
    run_.traced = the_.traced;
    run_.after_ms = 8000;
    run_.mark();
  }

  RunLog run() {
    down_until_.assign(static_cast<std::size_t>(the_.replicas), -1);
    fails_.assign(static_cast<std::size_t>(the_.replicas), 0);
    for (double at = run_.gap(the_.per_second, true); at < run_.end(); at += run_.gap(the_.per_second, true)) serve(at);
    for (double at = 1; the_.checks_every_ms > 0 && at < run_.end(); at += the_.checks_every_ms) {
      for (int replica = 0; replica < the_.replicas; ++replica) check(at, replica);
    }
    return std::move(run_);
  }

 private:
  void check(double at, int replica) {
    const bool hurt = replica == 0 && run_.hurts(at);
    run_.call(RunLog::of_nobody, at, at + 1, hurt ? 503 : 200, name_of(replica), hurt);
  }

  bool available(int replica, double at) {
    const Balancing how = the_.how;
    if (replica != 0) return down_until_[static_cast<std::size_t>(replica)] <= at;
    if (how == Balancing::never_leaves) return true;
    if (how == Balancing::leaves_late && at < run_.hurt_from() + 5000) return true;
    if (how == Balancing::leaks_some && run_.dice.chance(0.1)) return true;
    if (how == Balancing::never_returns && left_) return false;
    return down_until_[0] <= at;
  }

  void serve(double at) {
    const std::size_t request = run_.request(at);
    double now = at + 0.5;
    bool good = false;
    for (int tries = 0; tries < the_.replicas && !good; ++tries) {
      int replica = next_++ % the_.replicas;
      if (the_.how == Balancing::drops_its_share && replica == 0 && left_ && !available(0, now)) break;
      for (int skipped = 0; skipped < the_.replicas && !available(replica, now); ++skipped)
        replica = next_++ % the_.replicas;
      good = call(request, replica, now);
    }
    run_.answer(request, now + 0.5, good ? 200 : 502);
  }

  bool call(std::size_t request, int replica, double& now) {
    const bool hurt = replica == 0 && run_.hurts(now);
    const bool noise = run_.dice.chance(the_.background);
    const double took = hurt && the_.hangs ? the_.timeout_ms : run_.around(3);
    const bool good = !hurt && !noise;
    run_.call(request, now, now + took, hurt && the_.hangs ? 0 : good ? 200 : 503, name_of(replica), hurt);
    now += took;
    const auto place = static_cast<std::size_t>(replica);
    fails_[place] = good ? 0 : fails_[place] + 1;
    if (fails_[place] >= 3) {
      down_until_[place] = now + (the_.how == Balancing::tries_again_often ? 20 : the_.down_ms);
      left_ = left_ || replica == 0;
    }
    return good;
  }

  const Balancer& the_;
  RunLog run_;
  std::vector<double> down_until_;
  std::vector<int> fails_;
  int next_ = 0;
  bool left_ = false;
};

FailoverExpectation leaving(const Balancer& balancer) {
  FailoverExpectation claim{.on = name_of(0)};
  for (int replica = 1; replica < balancer.replicas; ++replica) claim.others.push_back(name_of(replica));
  claim.leaves_within = of_ms(2000);
  claim.others_take_over = true;
  return claim;
}

FailoverExpectation returning(const Balancer& balancer) {
  FailoverExpectation claim = leaving(balancer);
  claim.leaves_within.reset();
  claim.others_take_over = false;
  claim.returns_within = of_ms(4500);
  return claim;
}

Finding judged(const Balancer& balancer, bool in_after = false) {
  RunLog run = Model(balancer).run();
  run.log.sort();
  const auto claim = in_after ? returning(balancer) : leaving(balancer);
  return judge(run.log, run.scenario({name_of(0)}, claim, in_after)).front();
}

Balancer random_balancer(int seed) {
  Dice dice(seed);
  Balancer balancer;
  balancer.seed = seed;
  balancer.per_second = dice.in(150, 400);
  balancer.replicas = dice.whole(2, 4);
  balancer.hangs = dice.chance(0.4);
  balancer.traced = dice.chance(0.7);
  balancer.background = dice.one_of({0.0, 0.0, 0.03});
  balancer.checks_every_ms = balancer.traced ? dice.one_of({0.0, 100.0}) : 0.0;
  return balancer;
}

TEST(Failover, CorrectTwinsHold) {
  Verdicts leaves;
  Verdicts returns;
  const int runs = property_cases(40);
  for (int seed = 1; seed <= runs; ++seed) {
    leaves.count(judged(random_balancer(seed)), seed);
    Balancer back = random_balancer(seed);
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
      Balancer balancer = random_balancer(1000 + seed);
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
    Balancer balancer = random_balancer(2000 + seed);
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
  Balancer balancer = random_balancer(1);
  balancer.how = Balancing::never_leaves;
  const Finding finding = judged(balancer, true);
  EXPECT_EQ(finding.verdict, Verdict::inconclusive) << told(finding);
  EXPECT_THAT(finding.summary, testing::HasSubstr("traffic had not left"));
}

TEST(Failover, StarvedRunsAreInconclusive) {
  Verdicts verdicts;
  const int runs = property_cases(25);
  for (int seed = 1; seed <= runs; ++seed) {
    Balancer balancer = random_balancer(3000 + seed);
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
