#include "harness/verify/attempts.h"

#include <gtest/gtest.h>

#include "tests/verify/hand_log.h"

namespace stormproof::verify {
namespace {

TEST(Attempts, ChainsAreTheCallsOfOneRequest) {
  HandLog hand;
  hand.phase(0, 1000, "steady state");
  hand.phase(1000, 2000, "down");
  hand.faults(1000, 2000, "down");
  for (int at = 0; at < 50; ++at) {
    hand.request(at * 20, 5);
    hand.call(at * 20 + 1, 2);
  }
  hand.request(1100, 300);
  hand.call(1101, 2, 503, "down#1");
  hand.call(1203, 2, 429, "down#1");
  hand.call(1305, 2);
  hand.request(1400, 10);
  hand.call(1401, 2, 503, "down#1");
  HandScenario plan(1000);
  plan.add("down", 1000).faults = {HandScenario::fault("down#1")};
  const View view(hand.log, plan.scenario);
  const Attempts attempts = attempts_of(view, "payments", *fault_window(view.phases()[1], "payments"));
  EXPECT_TRUE(attempts.traced);
  EXPECT_EQ(attempts.healthy_calls, 1);
  ASSERT_EQ(attempts.chains.size(), 2u);
  const Chain& chain = attempts.chains[0];
  EXPECT_TRUE(chain.writes);
  ASSERT_EQ(chain.calls.size(), 3u);
  EXPECT_FALSE(chain.exhausted());
  EXPECT_TRUE(attempts.chains[1].exhausted());
  EXPECT_EQ(wait_before(chain, 1), of_ms(100));
  EXPECT_EQ(wait_before(chain, 2), of_ms(100));
}

TEST(Attempts, ACallBesideAnotherWaitedForNothing) {
  HandLog hand;
  hand.request(0, 50);
  hand.call(1, 20, 503);
  hand.call(11, 20, 503);
  hand.call(40, 1);
  Chain chain;
  for (const auto& exchange : hand.log.exchanges) {
    if (exchange.side == events::Side::egress) chain.calls.push_back(&exchange);
  }
  EXPECT_FALSE(wait_before(chain, 1));
  EXPECT_EQ(wait_before(chain, 2), of_ms(9));
}

}  // namespace
}  // namespace stormproof::verify
