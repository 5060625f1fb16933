#include "harness/verify/callers.h"

#include <gtest/gtest.h>

#include "tests/verify/hand_log.h"

namespace stormproof::verify {
namespace {

TEST(Callers, TheOldestRequestUnderWay) {
  HandLog hand;
  hand.phase(0, 1000, "steady state");
  hand.request(100, 50);
  hand.request(110, 5);
  hand.request(130, 100);
  hand.request(300, 50).outcome = events::Outcome::held_off;
  const HandScenario plan(1000);
  const View view(hand.log, plan.scenario);
  const auto oldest =
      oldest_under_way(view.ingress(), {ms(50), ms(99), ms(112), ms(140), ms(160), ms(240), ms(310)}, of_ms(2));
  const std::vector<std::optional<Time>> expected = {std::nullopt, ms(100),      ms(100),     ms(100),
                                                     ms(130),      std::nullopt, std::nullopt};
  EXPECT_EQ(oldest, expected);
}

// A request every `gap`, that takes `took`, and calls so long after its start.
bool shown(double gap, double took, double called_after, double call_took) {
  HandLog hand;
  hand.phase(0, 10'000, "steady state");
  for (int at = 0; at < 200; ++at) {
    hand.request(at * gap, took);
    hand.call(at * gap + called_after, call_took);
  }
  const HandScenario plan(10'000);
  const View view(hand.log, plan.scenario);
  return made_within_requests(view.ingress(), view.egress_of("payments"));
}

TEST(Callers, CallsWithinTheirRequestsAreToldFromThoseMadeLater) {
  EXPECT_TRUE(shown(10, 6, 0.5, 5));
  EXPECT_TRUE(shown(5, 6, 0.5, 5)) << "though a request is always under way";
  EXPECT_FALSE(shown(10, 2, 4, 5)) << "the request was answered before the call";
  EXPECT_FALSE(shown(10, 6, 3, 5)) << "the call outlasts the request";
  EXPECT_FALSE(shown(1, 100, 1, 5)) << "so many requests are under way that any call lies within one";
}

// Alone: nobody else can have made the call that lies within.
TEST(Callers, RequestsThatWereAloneTellWhetherTheirRouteCalls) {
  HandLog hand;
  hand.phase(0, 10'000, "steady state");
  for (int at = 0; at < 50; ++at) {
    hand.request(at * 100, 6, 200, at % 2 == 0 ? "GET /a" : "GET /b");
    if (at % 2 == 0) hand.call(at * 100 + 0.5, 5);
    if (at >= 40) hand.request(at * 100 + 3, 6, 200, "GET /a");  // then neither is
  }
  const HandScenario plan(10'000);
  const View view(hand.log, plan.scenario);
  const auto lone = lone_requests(view.ingress(), view.egress_of("payments"), ms(0), ms(10'000));
  const events::NameId a = hand.log.names.id_of("GET /a");
  const events::NameId b = hand.log.names.id_of("GET /b");
  ASSERT_GT(lone.size(), std::max(a, b));
  EXPECT_EQ(lone[a].requests, 20u);
  EXPECT_EQ(lone[a].calling, 20u);
  EXPECT_EQ(lone[b].requests, 20u);
  EXPECT_EQ(lone[b].calling, 0u);
}

TEST(Callers, NothingIsShownByNothing) {
  EXPECT_FALSE(made_within_requests({}, {}));
  HandLog hand;
  hand.phase(0, 1000, "steady state");
  for (int at = 0; at < 3; ++at) {
    hand.request(at * 100, 6);
    hand.call(at * 100 + 0.5, 5);
  }
  const HandScenario plan(1000);
  const View view(hand.log, plan.scenario);
  EXPECT_FALSE(made_within_requests(view.ingress(), {}));
  EXPECT_TRUE(oldest_under_way({}, {}, of_ms(1)).empty());
}

}  // namespace
}  // namespace stormproof::verify
