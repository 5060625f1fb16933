// Property tests over simulated queues under 1 to 10 times their capacity: right, defective, starved, noisy.
#include "harness/verify/overload.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/verify/overload_simulation.h"

namespace stormproof::verify {
namespace {

using scenarios::OverloadExpectation;
using simulation::drawn_server;
using simulation::overload_claim;
using simulation::Server;
using simulation::Shedding;

Finding judged(const Server& server, const OverloadExpectation& what = overload_claim(),
               scenarios::Affinity affinity = scenarios::Affinity::none) {
  const RunLog run = simulation::simulate(server);
  scenarios::Scenario scenario = simulation::scenario_of(server, run, what);
  scenario.traffic.affinity = affinity;
  return judge(run.log, scenario).front();
}

TEST(Overload, CorrectTwinsHold) {
  Verdicts verdicts;
  const int runs = property_cases(30);
  for (int seed = 1; seed <= runs; ++seed) verdicts.count(judged(drawn_server(seed)), seed);
  EXPECT_LE(verdicts.violated * 100, runs) << verdicts.last_violated;
  EXPECT_GE(verdicts.holds * 100, runs * 85) << verdicts.last_inconclusive;
}

TEST(Overload, NoiseIsNoViolation) {
  Verdicts verdicts;
  const int runs = property_cases(30);
  for (int seed = 1; seed <= runs; ++seed) {
    Server server = drawn_server(500 + seed);
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
      Server server = drawn_server(1000 + seed);
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
    Server server = drawn_server(2000 + seed);
    server.how = Shedding::collapses;
    server.steps = {0.2, 0.25, 3};
    verdicts.count(judged(server, {.good_within = of_ms(600)}), seed);
  }
  EXPECT_EQ(verdicts.holds, 0) << verdicts.last_holds;
}

TEST(Overload, StarvedRunsAreInconclusive) {
  Server small = drawn_server(1);
  small.steps = {0.2, 0.5, 0.9};
  Finding finding = judged(small);
  EXPECT_EQ(finding.verdict, Verdict::inconclusive) << told(finding);
  EXPECT_THAT(finding.summary, testing::HasSubstr("add a step of"));
  Server brief = drawn_server(2);
  brief.capacity = 5;
  brief.step_ms = 2000;
  finding = judged(brief);
  EXPECT_EQ(finding.verdict, Verdict::inconclusive) << told(finding);
}

TEST(Overload, AClosedLoopIsNoOverload) {
  const Finding finding = judged(drawn_server(1), overload_claim(), scenarios::Affinity::recorded);
  EXPECT_EQ(finding.verdict, Verdict::inconclusive) << told(finding);
  EXPECT_THAT(finding.summary, testing::HasSubstr("leave traffic.connections out"));
}

// What was claimed for three times the peak is not broken by what happens at ten.
TEST(Overload, BeyondTheClaimNothingIsViolated) {
  Server server = drawn_server(3);
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
