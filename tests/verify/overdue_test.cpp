#include "harness/verify/overdue.h"

#include <gtest/gtest.h>

#include "harness/verify/statistics.h"
#include "tests/verify/hand_log.h"

namespace stormproof::verify {
namespace {

TEST(Overdue, WhatWasSentInPlaceOfThoseThatNeverLeft) {
  HandLog hand;
  hand.phase(0, 1000, "steady state");
  hand.phase(1000, 2000, "load");
  hand.request(10, 5);
  auto& late = hand.request(900, 300);  // of the phase before, sent in this one
  late.start += of_ms(200);
  late.waited = of_ms(200);
  hand.request(1050, 5);
  auto& never = hand.request(1100, 900);
  never.outcome = events::Outcome::held_off;
  never.start = never.end;
  never.waited = of_ms(900);
  hand.request(1200, 900);  // answered afterwards: nothing is known of the one before
  HandScenario plan(1000);
  plan.add("load", 1000);
  const View view(hand.log, plan.scenario);
  EXPECT_EQ(overdue_in(view, view.phases()[0]).never_left, 0u);
  EXPECT_TRUE(overdue_in(view, view.phases()[0]).sent.empty());
  const Overdue overdue = overdue_in(view, view.phases()[1]);
  EXPECT_EQ(overdue.never_left, 1u);
  ASSERT_EQ(overdue.sent.size(), 1u);
  EXPECT_EQ(overdue.sent[0]->request, 2u);
}

TEST(Overdue, TheShareCountsEachByWhatStandsForIt) {
  EXPECT_EQ(share_lower(5, 100, 0, {}), share_lower(5, 100)) << "all is known";
  const events::Exchange any;
  Overdue overdue{.never_left = 100, .sent = {}};
  EXPECT_NEAR(share_lower(0, 100, 0, overdue), 0, 1e-12);
  EXPECT_NEAR(share_lower(100, 100, 0, overdue), share_lower(100, 100, 0.975) / 2, 1e-12) << "nothing stands for them";
  overdue.sent.assign(50, &any);
  EXPECT_NEAR(share_lower(0, 100, 50, overdue), share_lower(50, 50, 0.975) / 2, 1e-12);
  EXPECT_LT(share_lower(0, 100, 25, overdue), share_lower(0, 100, 50, overdue));
}

}  // namespace
}  // namespace stormproof::verify
