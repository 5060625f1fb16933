#include "harness/verify/judge.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "tests/verify/hand_log.h"
#include "tests/verify/simulation.h"

namespace stormproof::verify {
namespace {

using testing::HasSubstr;

scenarios::Expectation expecting(decltype(scenarios::Expectation::what) what, int line) {
  return {.what = std::move(what), .text = "as written", .line = line};
}

HandScenario whole_plan() {
  HandScenario plan(1000);
  plan.scenario.steady_state.expect = {expecting(scenarios::ErrorsExpectation{.at_most = 0}, 7)};
  auto& outage = plan.add("outage", 1000);
  outage.faults.push_back(HandScenario::fault("outage#1"));
  outage.expect = {expecting(scenarios::LatencyExpectation{.limits = {{.quantile = 1, .at_most = of_ms(50)}}}, 11),
                   expecting(scenarios::BreakerExpectation{.on = "payments",
                                                           .opens_within = of_ms(500),
                                                           .leaks_at_most = {},
                                                           .probes_every = {},
                                                           .closes_within = {}},
                             12)};
  plan.add("recovery", 1000).expect = {expecting(scenarios::RecoversExpectation{.within = of_ms(500)}, 15)};
  return plan;
}

HandLog whole_log(bool faulted = true) {
  HandLog hand;
  hand.phase(0, 1000, "steady state");
  hand.phase(1000, 2000, "outage");
  hand.faults(1000, 2000, "outage");
  hand.phase(2000, 3000, "recovery");
  for (int at = 0; at < 300; ++at) {
    hand.request(at * 10.0, 3);
    if (at >= 100 && at < 200 && faulted) hand.call(at * 10.0 + 1, 1, 503, "outage#1");
    else hand.call(at * 10.0 + 1, 1);
  }
  return hand;
}

TEST(Judge, OneFindingAnExpectationInTheOrderOfTheScenario) {
  const HandLog hand = whole_log();
  const auto findings = judge(hand.log, whole_plan().scenario);
  ASSERT_EQ(findings.size(), 4u);
  EXPECT_EQ(findings[0].expectation, "errors");
  EXPECT_EQ(findings[0].phase, "steady state");
  EXPECT_EQ(findings[0].line, 7);
  EXPECT_EQ(findings[0].verdict, Verdict::holds);
  EXPECT_EQ(findings[1].expectation, "latency");
  EXPECT_EQ(findings[2].expectation, "circuit-breaker on payments");
  EXPECT_EQ(findings[2].verdict, Verdict::violated);
  EXPECT_EQ(findings[2].summary,
            "The circuit breaker on payments does not work as claimed: opens-within: never opened: 51 calls failed in "
            "500 ms.");
  EXPECT_EQ(findings[2].exchanges.size(), 20u);
  EXPECT_EQ(findings[3].expectation, "recovers");
  EXPECT_EQ(findings[3].line, 15);
}

TEST(Judge, AFaultThatNeverFiredGivesNoVerdictThereNorOnTheRecoveryFromIt) {
  const HandLog hand = whole_log(false);
  const auto findings = judge(hand.log, whole_plan().scenario);
  EXPECT_EQ(findings[0].verdict, Verdict::holds);
  for (const std::size_t at : {1u, 2u, 3u}) {
    EXPECT_EQ(findings[at].verdict, Verdict::inconclusive);
    EXPECT_THAT(findings[at].summary, HasSubstr("the fault outage#1 on payments never fired"));
  }
}

// A service that hangs calls no dependency, so no fault fires: that does not excuse it.
TEST(Judge, AFaultThatHadNoCallToFireOnExcusesNoFailure) {
  HandLog hand;
  hand.phase(0, 1000, "steady state");
  hand.phase(1000, 2000, "outage");
  hand.faults(1000, 2000, "outage");
  hand.phase(2000, 3000, "recovery");
  for (int at = 0; at < 300; ++at) {
    if (at < 100) hand.request(at * 10.0, 3);
    else hand.request(at * 10.0, 20'000, 0);
    if (at < 100) hand.call(at * 10.0 + 1, 1);
  }
  const auto findings = judge(hand.log, whole_plan().scenario);
  EXPECT_EQ(findings[0].verdict, Verdict::holds);
  EXPECT_EQ(findings[1].verdict, Verdict::violated) << findings[1].summary;
  EXPECT_EQ(findings[2].verdict, Verdict::inconclusive) << "the breaker was not tried";
  EXPECT_NE(findings[3].verdict, Verdict::holds);
}

TEST(Judge, PhasesThatWereNotReachedSayWhy) {
  HandLog hand;
  hand.phase(0, 1000, "steady state");
  for (int at = 0; at < 100; ++at) hand.request(at * 10.0, 3, 500);
  hand.log.mark(ms(1001), events::MarkKind::aborted, "steady state violated");
  const auto findings = judge(hand.log, whole_plan().scenario);
  ASSERT_EQ(findings.size(), 4u);
  EXPECT_EQ(findings[0].verdict, Verdict::violated);
  for (const std::size_t at : {1u, 2u, 3u}) {
    EXPECT_EQ(findings[at].verdict, Verdict::inconclusive);
    EXPECT_EQ(findings[at].checks.at(0).missing, "the phase was not reached: steady state violated");
  }
}

TEST(Judge, AnEmptyLogGivesNoVerdictAndNoPass) {
  const events::Log log;
  for (const Finding& finding : judge(log, whole_plan().scenario)) {
    EXPECT_EQ(finding.verdict, Verdict::inconclusive);
    EXPECT_FALSE(finding.checks.at(0).missing.empty());
  }
}

TEST(Judge, AnInterruptedPhaseCannotHold) {
  HandLog hand;
  hand.log.mark(ms(0), events::MarkKind::phase_begin, "steady state");
  for (int at = 0; at < 50; ++at) hand.request(at * 10.0, 3);
  hand.log.mark(ms(500), events::MarkKind::aborted, "interrupted (SIGINT)");
  const auto findings = judge(hand.log, whole_plan().scenario);
  EXPECT_EQ(findings[0].verdict, Verdict::inconclusive);
  EXPECT_EQ(findings[0].checks[0].missing, "the phase was cut short: interrupted (SIGINT)");
}

// A log that was decoded may say anything: no crash, no overflow, no allocation beyond its size.
TEST(Judge, NonsenseDoesNoHarm) {
  std::mt19937_64 random(11);
  const auto any_time = [&] {
    return random() % 4 == 0 ? base::Time(base::Nanoseconds(static_cast<std::int64_t>(random())))
                             : ms(static_cast<double>(random() % 4000));
  };
  for (int round = 0; round < 300; ++round) {
    HandLog hand = whole_log();
    for (events::Exchange& exchange : hand.log.exchanges) {
      if (random() % 8 != 0) continue;
      exchange.start = any_time();
      exchange.end = any_time();
      exchange.intended = any_time();
      exchange.route = static_cast<events::NameId>(random());
      exchange.outcome = static_cast<events::Outcome>(random() % 12);
      exchange.status = static_cast<std::uint16_t>(random());
      exchange.fault = static_cast<events::NameId>(random() % 12);
      exchange.request = random();
      if (random() % 2 == 0) exchange.trace = {};
    }
    for (events::Mark& mark : hand.log.marks) {
      if (random() % 4 == 0) mark.at = any_time();
      if (random() % 8 == 0) mark.kind = static_cast<events::MarkKind>(random() % 8);
    }
    const auto findings = judge(hand.log, whole_plan().scenario);
    ASSERT_EQ(findings.size(), 4u);
    for (const Finding& finding : findings) EXPECT_FALSE(finding.checks.empty());
  }
}

// A smoke test of size: a million events are judged, and rightly. The time is printed, not asserted.
TEST(Judge, AMillionEvents) {
  simulation::Experiment experiment;
  experiment.per_second = 10500;
  experiment.background_errors = 0;
  experiment.steady = std::chrono::seconds(20);
  experiment.recovery = std::chrono::seconds(20);
  experiment.outage = std::chrono::seconds(20);
  experiment.latency_spread = 0;
  experiment.other_class = 0;
  const simulation::Run run = simulation::simulate(experiment);
  EXPECT_GE(run.log.exchanges.size(), 1'000'000u);
  scenarios::BreakerExpectation outage{
      .on = "payments",
      .opens_within = std::chrono::seconds(1),
      .leaks_at_most = 0,
      .probes_every = scenarios::Around{.value = std::chrono::seconds(2), .tolerance = 0.2},
      .closes_within = {}};
  scenarios::BreakerExpectation recovery{.on = "payments",
                                         .opens_within = {},
                                         .leaks_at_most = {},
                                         .probes_every = {},
                                         .closes_within = std::chrono::seconds(9)};
  const auto started = std::chrono::steady_clock::now();
  const auto findings = judge(run.log, simulation::scenario_of(experiment, outage, recovery));
  const auto took = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  fmt::print("judged {} exchanges in {:.2f} s\n", run.log.exchanges.size(), took);
  EXPECT_EQ(findings[0].verdict, Verdict::holds) << findings[0].summary;
  EXPECT_EQ(findings[1].verdict, Verdict::holds) << findings[1].summary;
}

}  // namespace
}  // namespace stormproof::verify
