#include "tests/verify/balancer_simulation.h"

namespace stormproof::verify::simulation {
namespace {

constexpr double late_ms = 5000;
constexpr double often_ms = 20;

class Model {
 public:
  explicit Model(const Balancer& balancer) : the_(balancer), run_(balancer.seed) {
    run_.traced = the_.traced;
    run_.after_ms = 8000;
    run_.mark();
    down_until_.assign(static_cast<std::size_t>(the_.replicas), -1);
    fails_.assign(static_cast<std::size_t>(the_.replicas), 0);
  }

  RunLog run() {
    const double step = the_.checks_every_ms > 0 ? the_.checks_every_ms : run_.end();
    double next_check = 1;
    for (double at = gap(); at < run_.end(); at += gap()) {
      for (; the_.checks_every_ms > 0 && next_check <= at; next_check += step) {
        for (int replica = 0; replica < the_.replicas; ++replica) check(next_check, replica);
      }
      serve(at);
    }
    return std::move(run_);
  }

 private:
  double gap() { return run_.gap(the_.per_second, the_.poisson); }

  void check(double at, int replica) {
    const bool hurt = replica == 0 && run_.hurts(at);
    run_.call(RunLog::of_nobody, at, at + 1, hurt ? 503 : 200, replica_name(replica), hurt);
  }

  bool available(int replica, double at) {
    const Balancing how = the_.how;
    if (replica != 0) return down_until_[static_cast<std::size_t>(replica)] <= at;
    if (how == Balancing::never_leaves) return true;
    if (how == Balancing::leaves_late && at < run_.hurt_from() + late_ms) return true;
    if (how == Balancing::leaks_some && run_.dice.chance(0.1)) return true;
    if (how == Balancing::never_returns && left_) return false;
    return down_until_[0] <= at;
  }

  int choose() {
    switch (the_.choice) {
      case Choice::in_turn: break;
      case Choice::by_chance: return run_.dice.whole(0, the_.replicas - 1);
      case Choice::weighted: return run_.dice.chance(the_.weight) ? 0 : run_.dice.whole(1, the_.replicas - 1);
    }
    return next_++ % the_.replicas;
  }

  void serve(double at) {
    const std::size_t request = run_.request(at);
    double now = at + 0.5;
    bool good = false;
    for (int tries = 0; tries < the_.replicas && !good; ++tries) {
      int replica = choose();
      if (the_.how == Balancing::drops_its_share && replica == 0 && left_ && !available(0, now)) break;
      // One that is down gives its turn to the next.
      for (int skipped = 0; skipped < the_.replicas && !available(replica, now); ++skipped)
        replica = (replica + 1) % the_.replicas;
      good = call(request, replica, now);
    }
    run_.answer(request, now + 0.5, good ? 200 : 502);
  }

  bool call(std::size_t request, int replica, double& now) {
    const bool hurt = replica == 0 && run_.hurts(now);
    const bool noise = run_.dice.chance(the_.background);
    const bool hangs = hurt && the_.hangs;
    const double took = hangs ? the_.timeout_ms : run_.around(3, the_.spread);
    const bool good = !hurt && !noise;
    const int well = run_.dice.chance(the_.missing) ? 404 : 200;
    run_.call(request, now, now + took,
              static_cast<std::uint16_t>(hangs  ? 0
                                         : good ? well
                                                : 503),
              replica_name(replica), hurt);
    now += took;
    const auto place = static_cast<std::size_t>(replica);
    fails_[place] = good ? 0 : fails_[place] + 1;
    if (fails_[place] >= the_.failures) {
      down_until_[place] = now + (the_.how == Balancing::tries_again_often ? often_ms : the_.down_ms);
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

}  // namespace

std::string replica_name(int replica) { return "payments-" + std::string(1, static_cast<char>('a' + replica)); }

Balancer drawn_balancer(int seed) {
  Dice dice(seed);
  Balancer balancer;
  balancer.seed = seed;
  balancer.per_second = dice.in(150, 400);
  balancer.replicas = dice.whole(2, 4);
  balancer.choice = dice.one_of({Choice::in_turn, Choice::in_turn, Choice::by_chance, Choice::weighted});
  balancer.weight = dice.in(0.15, 0.6);
  balancer.failures = dice.whole(1, 5);
  balancer.hangs = dice.chance(0.4);
  balancer.timeout_ms = dice.in(50, 300);
  balancer.down_ms = dice.in(2000, 4000);
  balancer.poisson = dice.chance(0.7);
  balancer.traced = dice.chance(0.7);
  balancer.background = dice.one_of({0.0, 0.0, 0.03});
  balancer.missing = dice.one_of({0.0, 0.1});
  balancer.checks_every_ms = balancer.traced ? dice.one_of({0.0, 100.0}) : 0.0;
  // One failure in 20 is no reason to leave.
  if (balancer.background > 0) balancer.failures = std::max(balancer.failures, 3);
  return balancer;
}

scenarios::FailoverExpectation leaving_claim(const Balancer& balancer) {
  scenarios::FailoverExpectation claim{.on = replica_name(0)};
  for (int replica = 1; replica < balancer.replicas; ++replica) claim.others.push_back(replica_name(replica));
  claim.leaves_within = of_ms(2000);
  claim.others_take_over = true;
  return claim;
}

scenarios::FailoverExpectation returning_claim(const Balancer& balancer) {
  scenarios::FailoverExpectation claim = leaving_claim(balancer);
  claim.leaves_within.reset();
  claim.others_take_over = false;
  claim.returns_within = of_ms(balancer.down_ms + 500);
  return claim;
}

RunLog simulate(const Balancer& balancer) {
  RunLog run = Model(balancer).run();
  run.log.sort();
  return run;
}

}  // namespace stormproof::verify::simulation
