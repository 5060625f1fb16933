#include "harness/verify/calls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/verify/hand_log.h"

namespace stormproof::verify {
namespace {

// A request every 10 ms; from 1000 ms on the dependency is not called.
struct Traffic {
  HandLog hand;
  HandScenario plan{1000};
  Traffic() {
    hand.phase(0, 1000, "steady state");
    hand.phase(1000, 2000, "outage");
    hand.faults(1000, 2000, "outage");
    plan.add("outage", 1000);
  }
  void run(bool traced, int called_of_100 = 100) {
    for (int at = 0; at < 200; ++at) {
      hand.request(at * 10.0, 2);
      if (at < 100 && at < called_of_100) {
        auto& call = hand.call(at * 10.0 + 0.5, 1);
        if (!traced) call.trace = {};
      }
    }
  }
  Calls calls() const { return calls_of(View(hand.log, plan.scenario), "payments"); }
};

TEST(Calls, MarksWhatIsSuppressed) {
  Traffic traffic;
  traffic.run(true);
  const Calls calls = traffic.calls();
  EXPECT_EQ(calls.unusable, "");
  EXPECT_TRUE(calls.correlated);
  EXPECT_EQ(calls.healthy_requests, 100u);
  EXPECT_NEAR(calls.miss, 0.0295, 0.0005);  // the rule of three
  EXPECT_EQ(calls.run_for(1e-6), 4u);
  ASSERT_EQ(calls.opportunities.size(), 200u);
  EXPECT_TRUE(calls.opportunities[99].called);
  EXPECT_FALSE(calls.opportunities[100].called);
  EXPECT_EQ(calls.calls[3].request, 4u);
}

TEST(Calls, WithoutTracesALongGapIsSuppression) {
  Traffic traffic;
  traffic.run(false);
  const Calls calls = traffic.calls();
  EXPECT_FALSE(calls.correlated);
  EXPECT_EQ(calls.unusable, "");
  EXPECT_EQ(calls.calls_per_request, 1);
  EXPECT_TRUE(calls.opportunities[98].called);
  EXPECT_FALSE(calls.opportunities[150].called);
}

TEST(Calls, AClassThatDoesNotAlwaysCallIsLeftOut) {
  Traffic traffic;
  traffic.run(true, 90);
  EXPECT_THAT(traffic.calls().unusable, testing::HasSubstr("no class of requests"));
}

TEST(Calls, ADependencyThatIsNeverCalled) {
  Traffic traffic;
  traffic.run(true, 0);
  EXPECT_EQ(traffic.calls().unusable, "the service never called payments");
}

TEST(Calls, ACrashIsNoSuppression) {
  Traffic traffic;
  traffic.run(true);
  for (events::Exchange& exchange : traffic.hand.log.exchanges) {
    if (exchange.start >= ms(1000)) exchange.outcome = events::Outcome::refused;
  }
  EXPECT_EQ(traffic.calls().opportunities.size(), 100u);
}

TEST(Calls, AHeldCallEndsWithItsRequest) {
  Traffic traffic;
  traffic.run(true);
  traffic.hand.request(1990, 5);
  auto& call = traffic.hand.call(1991, 5000, 200, "outage#1");
  call.outcome = events::Outcome::answered;
  const Calls calls = traffic.calls();
  EXPECT_EQ(calls.calls.back().end, ms(1995));
  EXPECT_TRUE(calls.calls.back().failed);
}

TEST(Calls, AttemptsOfOneRequestAreKnown) {
  Traffic traffic;
  traffic.run(true);
  traffic.hand.request(1990, 5, 502);
  traffic.hand.call(1991, 1, 503, "outage#1");
  traffic.hand.call(1993, 1, 503, "outage#1");
  const Calls calls = traffic.calls();
  EXPECT_TRUE(calls.calls[100].first_attempt);
  EXPECT_FALSE(calls.calls[101].first_attempt);
  EXPECT_EQ(calls.ended_between(ms(1990), ms(1993)).size(), 1u);
}

}  // namespace
}  // namespace stormproof::verify
