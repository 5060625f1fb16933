// Property tests over simulated queues under 1 to 10 times their capacity: right, defective, starved, noisy.
#include "harness/verify/overload.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <queue>

#include "tests/verify/run_log.h"

namespace stormproof::verify {
namespace {

using scenarios::OverloadExpectation;

enum class Shedding : std::uint8_t {
  right,
  none,            // a queue without an end
  collapses,       // each request is dearer the longer the queue
  refuses_late,    // after a second
  refuses_anyone,  // important or not
};

struct Server {
  int seed = 1;
  Shedding how = Shedding::right;
  double capacity = 100;
  int workers = 4;
  int queue = 24;
  std::vector<double> steps = {0.5, 0.8, 1.0, 1.5, 2, 3};  // times the capacity
  double step_ms = 4000;
  double background = 0;
  bool poisson = true;
};

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
    const double end = begin + run_.around(work * dearer, 0.1);
    free_at_.push(end);
    if (begin > at) starts_.push_back(begin);
    run_.answer(request, end, run_.dice.chance(the_.background) ? 500 : 200);
  }

  const Server& the_;
  RunLog run_;
  std::priority_queue<double, std::vector<double>, std::greater<>> free_at_;
  std::deque<double> starts_;
};

OverloadExpectation claim() {
  OverloadExpectation claim{.good_within = of_ms(600)};
  claim.admitted_p99 = of_ms(1000);
  claim.refuses_faster = true;
  claim.important = {"POST /checkout"};
  return claim;
}

Finding judged(const Server& server, OverloadExpectation what = claim(),
               scenarios::Affinity affinity = scenarios::Affinity::none) {
  const RunLog run = Model(server).run();
  scenarios::Scenario scenario = run.scenario({}, what);
  scenario.traffic.poisson_per_second.reset();
  for (const double times : server.steps)
    scenario.traffic.steps.push_back({times * server.capacity, of_ms(server.step_ms)});
  scenario.traffic.affinity = affinity;
  return judge(run.log, scenario).front();
}

Server random_server(int seed) {
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

TEST(Overload, CorrectTwinsHold) {
  Verdicts verdicts;
  const int runs = property_cases(30);
  for (int seed = 1; seed <= runs; ++seed) verdicts.count(judged(random_server(seed)), seed);
  EXPECT_LE(verdicts.violated * 100, runs) << verdicts.last_violated;
  EXPECT_GE(verdicts.holds * 100, runs * 85) << verdicts.last_inconclusive;
}

TEST(Overload, NoiseIsNoViolation) {
  Verdicts verdicts;
  const int runs = property_cases(30);
  for (int seed = 1; seed <= runs; ++seed) {
    Server server = random_server(500 + seed);
    server.background = 0.05;
    verdicts.count(judged(server, {.good_within = of_ms(600)}), seed);
  }
  EXPECT_EQ(verdicts.violated, 0) << verdicts.last_violated;
  EXPECT_GE(verdicts.holds * 100, runs * 75) << verdicts.last_inconclusive;
}

TEST(Overload, DefectsAreSeen) {
  for (const Shedding how : {Shedding::none, Shedding::collapses, Shedding::refuses_late, Shedding::refuses_anyone}) {
    Verdicts verdicts;
    const int runs = property_cases(20);
    for (int seed = 1; seed <= runs; ++seed) {
      Server server = random_server(1000 + seed);
      server.how = how;
      verdicts.count(judged(server), seed);
    }
    EXPECT_EQ(verdicts.holds, 0) << static_cast<int>(how) << ' ' << verdicts.last_holds;
    EXPECT_GE(verdicts.violated * 100, runs * 98) << static_cast<int>(how) << ' ' << verdicts.last_inconclusive;
  }
}

// From far below the capacity to far above: the peak was never seen, and what is left of it looks like all there was.
TEST(Overload, APeakThatWasNeverAskedForIsNotKnown) {
  Verdicts verdicts;
  const int runs = property_cases(25);
  for (int seed = 1; seed <= runs; ++seed) {
    Server server = random_server(2000 + seed);
    server.how = Shedding::collapses;
    server.steps = {0.2, 0.25, 3};
    verdicts.count(judged(server, {.good_within = of_ms(600)}), seed);
  }
  EXPECT_EQ(verdicts.holds, 0) << verdicts.last_holds;
}

TEST(Overload, StarvedRunsAreInconclusive) {
  Server small = random_server(1);
  small.steps = {0.2, 0.5, 0.9};
  Finding finding = judged(small);
  EXPECT_EQ(finding.verdict, Verdict::inconclusive) << told(finding);
  EXPECT_THAT(finding.summary, testing::HasSubstr("add a step of"));
  Server brief = random_server(2);
  brief.capacity = 5;
  brief.step_ms = 2000;
  finding = judged(brief);
  EXPECT_EQ(finding.verdict, Verdict::inconclusive) << told(finding);
}

TEST(Overload, AClosedLoopIsNoOverload) {
  const Finding finding = judged(random_server(1), claim(), scenarios::Affinity::recorded);
  EXPECT_EQ(finding.verdict, Verdict::inconclusive) << told(finding);
  EXPECT_THAT(finding.summary, testing::HasSubstr("leave traffic.connections out"));
}

// What was claimed for three times the peak is not broken by what happens at ten.
TEST(Overload, BeyondTheClaimNothingIsViolated) {
  Server server = random_server(3);
  server.how = Shedding::none;
  server.steps = {0.5, 0.9, 1.1, 10};
  const Finding finding = judged(server);
  EXPECT_NE(finding.verdict, Verdict::holds) << told(finding);
  server.how = Shedding::right;
  server.steps = {0.5, 0.9, 1.15, 10};
  EXPECT_NE(judged(server, {.good_within = of_ms(600)}).verdict, Verdict::violated);
}

}  // namespace
}  // namespace stormproof::verify
