#include "harness/verify/timeline.h"

#include <gtest/gtest.h>

#include "tests/verify/hand_log.h"

namespace stormproof::verify {
namespace {

TEST(Timeline, PhasesHaveTheirWindowsAndRequests) {
  HandLog hand;
  hand.phase(0, 100, "steady state");
  hand.phase(100, 200, "outage");
  hand.faults(101, 199, "outage");
  hand.request(150, 1);
  hand.request(50, 1);
  hand.request(200, 1);
  HandScenario plan(100);
  plan.add("outage", 100);
  plan.add("recovery", 100);
  const View view(hand.log, plan.scenario);
  ASSERT_EQ(view.phases().size(), 3u);
  const PhaseWindow& outage = view.phases()[1];
  EXPECT_TRUE(outage.reached);
  EXPECT_EQ(outage.cut_short, "");
  EXPECT_EQ(outage.faults_on, ms(101));
  EXPECT_EQ(outage.faults_off, ms(199));
  EXPECT_FALSE(view.phases()[2].reached);
  ASSERT_EQ(outage.requests.size(), 1u);
  EXPECT_EQ(outage.requests[0]->request, 1u);
  EXPECT_EQ(view.ingress()[0]->request, 2u);
  EXPECT_EQ(view.healthy_begin(), ms(0));
  EXPECT_EQ(view.healthy_end(), ms(101));
  EXPECT_EQ(view.healed_before(ms(500)), ms(199));
  EXPECT_FALSE(view.healed_before(ms(150)));
}

TEST(Timeline, APhaseCutShortSaysWhy) {
  HandLog hand;
  hand.phase(0, 100, "steady state");
  hand.log.mark(ms(100), events::MarkKind::phase_begin, "outage");
  hand.log.mark(ms(140), events::MarkKind::aborted, "interrupted (SIGINT)");
  HandScenario plan(100);
  plan.add("outage", 100);
  const View view(hand.log, plan.scenario);
  EXPECT_EQ(view.phases()[0].cut_short, "");
  EXPECT_EQ(view.phases()[1].cut_short, "interrupted (SIGINT)");
  EXPECT_EQ(view.phases()[1].end, ms(140));
  EXPECT_EQ(view.aborted_because(), "interrupted (SIGINT)");
}

TEST(Timeline, TwoPhasesOfOneNameStayTwo) {
  HandLog hand;
  hand.phase(0, 10, "steady state");
  hand.phase(10, 20, "outage");
  hand.phase(20, 30, "outage");
  HandScenario plan(10);
  plan.add("outage", 10);
  plan.add("outage", 10);
  const View view(hand.log, plan.scenario);
  EXPECT_EQ(view.phases()[1].begin, ms(10));
  EXPECT_EQ(view.phases()[2].begin, ms(20));
  EXPECT_EQ(view.phases()[2].end, ms(30));
}

TEST(Timeline, TracesLeadToTheirRequest) {
  HandLog hand;
  hand.phase(0, 10, "steady state");
  hand.request(5, 1);
  hand.call(5.2, 0.5);
  hand.request(1, 1);
  hand.call(1.2, 0.5);
  hand.call(9, 0.5).trace = {};
  hand.request(2, 1).party = hand.log.names.id_of("baseline");
  const HandScenario plan(10);
  const View view(hand.log, plan.scenario);
  ASSERT_EQ(view.ingress().size(), 2u);
  const Exchanges calls = view.egress_of("payments");
  ASSERT_EQ(calls.size(), 3u);
  ASSERT_EQ(view.callers_of("payments").size(), 3u);
  EXPECT_EQ(view.callers_of("payments")[0], 0u);
  EXPECT_EQ(view.callers_of("payments")[1], 1u);
  EXPECT_EQ(view.callers_of("payments")[2], View::nobody);
  EXPECT_TRUE(view.egress_of("nobody").empty());
  EXPECT_TRUE(view.egress_of("").empty());
}

TEST(Timeline, WhatLiesYearsAwayIsDamage) {
  HandLog hand;
  hand.phase(0, 10, "steady state");
  hand.request(5, 1);
  hand.request(6, 1).end = base::Time::max();
  hand.request(7, 1).start = base::Time::min();
  auto& shed = hand.request(8, 1, 0);
  shed.start = shed.end = {};
  shed.outcome = events::Outcome::shed;
  const HandScenario plan(10);
  const View view(hand.log, plan.scenario);
  ASSERT_EQ(view.ingress().size(), 2u);
  EXPECT_EQ(view.ingress()[0]->request, 1u);
  EXPECT_EQ(view.ingress()[1]->request, 4u);  // never sent, but counted
}

TEST(Timeline, AnEmptyLogIsNoPhase) {
  const events::Log log;
  const HandScenario plan(10);
  const View view(log, plan.scenario);
  EXPECT_FALSE(view.phases()[0].reached);
  EXPECT_TRUE(view.phases()[0].requests.empty());
}

}  // namespace
}  // namespace stormproof::verify
