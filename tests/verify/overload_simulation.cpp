#include "tests/verify/overload_simulation.h"

#include <deque>
#include <queue>

namespace stormproof::verify::simulation {
namespace {

class Model {
 public:
  explicit Model(const Server& server) : the_(server), run_(server.seed) {
    run_.steady_ms = the_.step_ms;
    run_.hurt_ms = the_.step_ms * static_cast<double>(the_.steps.size() - 1);
    run_.after_ms = 1000;
    run_.mark(false);
    for (int worker = 0; worker < the_.workers; ++worker) free_at_.push(0);
  }

  RunLog run() {
    for (double at = 0; at < run_.hurt_to();) {
      const auto step = static_cast<std::size_t>(at / the_.step_ms);
      serve(at);
      at += run_.gap(the_.steps[std::min(step, the_.steps.size() - 1)] * the_.capacity, the_.poisson);
    }
    run_.log.sort();
    return std::move(run_);
  }

 private:
  void serve(double at) {
    const bool important = run_.dice.chance(0.2);
    const std::size_t request = run_.request(at, important ? "POST /checkout" : "GET /products");
    while (!starts_.empty() && starts_.front() <= at) starts_.pop_front();
    const auto waiting = static_cast<int>(starts_.size());
    const bool bounded = the_.how != Shedding::none && the_.how != Shedding::collapses;
    const int room = the_.how == Shedding::refuses_anyone || important ? the_.queue : the_.queue / 4;
    if (bounded && waiting >= room) {
      const double late = the_.how == Shedding::refuses_late ? 1000 : 0.5;
      return run_.answer(request, at + run_.around(late), 429);
    }
    const double begin = std::max(at, free_at_.top());
    free_at_.pop();
    const double work = 1000 / the_.capacity * the_.workers;
    const double dearer = the_.how == Shedding::collapses ? 1 + waiting / 50.0 : 1;
    const double end = begin + run_.around(work * dearer, the_.spread);
    free_at_.push(end);
    if (begin > at) starts_.push_back(begin);
    run_.answer(request, end, run_.dice.chance(the_.background) ? 500 : 200);
  }

  const Server& the_;
  RunLog run_;
  std::priority_queue<double, std::vector<double>, std::greater<>> free_at_;
  std::deque<double> starts_;
};

}  // namespace

Server drawn_server(int seed) {
  Dice dice(seed);
  Server server;
  server.seed = seed;
  server.capacity = dice.in(100, 250);
  server.workers = dice.whole(2, 8);
  server.queue = dice.whole(24, 36);
  server.step_ms = dice.in(6000, 9000);
  server.poisson = dice.chance(0.5);
  return server;
}

scenarios::OverloadExpectation overload_claim() {
  scenarios::OverloadExpectation claim{.good_within = of_ms(600)};
  claim.admitted_p99 = of_ms(1000);
  claim.refuses_faster = true;
  claim.important = {"POST /checkout"};
  return claim;
}

RunLog simulate(const Server& server) { return Model(server).run(); }

scenarios::Scenario scenario_of(const Server& server, const RunLog& run, const scenarios::OverloadExpectation& claim) {
  scenarios::Scenario scenario = run.scenario({}, claim);
  scenario.traffic.poisson_per_second.reset();
  for (const double times : server.steps)
    scenario.traffic.steps.push_back({times * server.capacity, of_ms(server.step_ms)});
  return scenario;
}

}  // namespace stormproof::verify::simulation
