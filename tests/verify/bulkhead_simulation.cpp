#include "tests/verify/bulkhead_simulation.h"

#include <deque>
#include <queue>

namespace stormproof::verify::simulation {
namespace {

using Instants = std::priority_queue<double, std::vector<double>, std::greater<>>;

constexpr double leaks_on_ms = 400;

class Model {
 public:
  explicit Model(const Ship& ship) : ship_(ship), run_(ship.seed) {
    run_.traced = ship.traced;
    run_.mark();
    limit_ = static_cast<std::size_t>(ship.limit + (ship.wall == Wall::two_more ? 2 : 0));
  }

  RunLog run() {
    for (double at = gap(); at < run_.end(); at += gap()) serve(at);
    run_.log.sort();
    return std::move(run_);
  }

 private:
  double gap() { return run_.gap(ship_.per_second, ship_.poisson); }

  void serve(double at) {
    const bool depends = run_.dice.chance(0.5);
    const std::size_t request = run_.request(at, depends ? "POST /orders" : "GET /products");
    double begin = at + 0.1;
    const bool shared = ship_.wall == Wall::shared_threads;
    if (shared) begin = thread_from(begin);
    if (depends) return call(request, begin);
    const double end = begin + run_.around(2, ship_.spread);
    if (shared) threads_.push(end);
    run_.answer(request, end, run_.dice.chance(ship_.others_background) ? 500 : 200);
  }

  double thread_from(double begin) {
    while (!threads_.empty() && threads_.top() <= begin) threads_.pop();
    if (threads_.size() < static_cast<std::size_t>(ship_.threads)) return begin;
    const double free = threads_.top();
    threads_.pop();
    return free;
  }

  // When there is a place for a call; below 0: it is refused.
  double place_from(double begin) {
    while (!places_.empty() && places_.top() <= begin) places_.pop();
    if (places_.size() < limit_) return begin;
    while (!turns_.empty() && turns_.front() <= begin) turns_.pop_front();
    const double free = places_.top();
    if (turns_.size() >= static_cast<std::size_t>(ship_.queue) || free - begin > ship_.patience_ms) return -1;
    places_.pop();
    turns_.push_back(free);
    return free;
  }

  void call(std::size_t request, double begin) {
    const double asked = begin;
    const bool walled = ship_.wall == Wall::right || ship_.wall == Wall::two_more || ship_.wall == Wall::frees_early;
    if (walled) begin = place_from(begin);
    if (begin < 0 || (ship_.wall == Wall::breaker && run_.hurts(begin) && failures_ >= 5))
      return run_.answer(request, asked + (begin < 0 && ship_.queue > 0 ? 1 : 0.5), 503);
    const bool met = run_.hurts(begin) && run_.dice.chance(ship_.share);
    const double healthy = run_.around(4, ship_.spread);
    const double took = met ? ship_.timeout_ms : healthy;
    const bool error = !met && run_.dice.chance(ship_.background);
    const double end = begin + took + (met && ship_.wall == Wall::frees_early ? leaks_on_ms : 0);
    run_.call(request, begin, end, static_cast<std::uint16_t>(met ? 0 : error ? 500 : 200), "payments", met);
    failures_ += met ? 1 : 0;
    if (walled) places_.push(begin + took + 0.3);
    if (ship_.wall == Wall::shared_threads) threads_.push(begin + took);
    run_.answer(request, begin + took + 0.3, static_cast<std::uint16_t>(met ? 504 : error ? 502 : 200));
  }

  const Ship& ship_;
  RunLog run_;
  std::size_t limit_ = 0;
  Instants places_;           // when each call's place is free
  Instants threads_;          // of all requests
  std::deque<double> turns_;  // of those that wait
  int failures_ = 0;
};

}  // namespace

Ship drawn_ship(int seed) {
  Dice dice(seed);
  Ship ship;
  ship.seed = seed;
  ship.per_second = dice.in(150, 400);
  ship.timeout_ms = dice.in(300, 900);
  ship.limit = dice.whole(3, static_cast<int>(ship.per_second / 2 * ship.timeout_ms / 1000 / 3));
  ship.queue = dice.one_of({0, 0, 5});
  ship.traced = dice.chance(0.7);
  ship.background = dice.one_of({0.0, 0.05});
  ship.poisson = dice.chance(0.7);
  ship.threads = ship.limit;
  return ship;
}

scenarios::BulkheadExpectation bulkhead_claim(const Ship& ship) {
  scenarios::BulkheadExpectation claim{.on = "payments", .calls_at_most = static_cast<std::uint64_t>(ship.limit)};
  if (ship.traced && ship.others_background == 0) claim.others_p99 = of_ms(50);
  return claim;
}

RunLog simulate(const Ship& ship) { return Model(ship).run(); }

scenarios::Scenario scenario_of(const Ship& ship, const RunLog& run, const scenarios::BulkheadExpectation& claim) {
  scenarios::Scenario scenario = run.scenario({"payments"}, claim);
  scenario.phases[0].faults[0].share = ship.share;
  return scenario;
}

}  // namespace stormproof::verify::simulation
