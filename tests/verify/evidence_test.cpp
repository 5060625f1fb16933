#include "harness/verify/evidence.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/verify/hand_log.h"

namespace stormproof::verify {
namespace {

Check share(std::uint64_t bad, std::uint64_t of, double limit) {
  Check check;
  decide_share(check, {bad, of}, limit, "cases");
  return check;
}

TEST(Evidence, SharesAreDecidedByTheirBounds) {
  EXPECT_EQ(share(0, 59, 0.05).verdict, Verdict::holds);
  EXPECT_EQ(share(0, 58, 0.05).verdict, Verdict::inconclusive);
  EXPECT_THAT(share(0, 58, 0.05).missing, testing::HasSubstr("58 cases: about 59 would decide"));
  EXPECT_EQ(share(30, 100, 0.05).verdict, Verdict::violated);
  EXPECT_EQ(share(0, 0, 0.05).verdict, Verdict::inconclusive);
  EXPECT_FALSE(share(50, 1000, 0.05).missing.empty());
}

TEST(Evidence, CountsNeedACensus) {
  const auto decided = [](std::uint64_t bad, std::uint64_t of, std::uint64_t at_most) {
    Check check;
    decide_count(check, {bad, of}, at_most, "cases");
    return check;
  };
  EXPECT_EQ(decided(0, census_cases_min, 0).verdict, Verdict::holds);
  EXPECT_EQ(decided(0, census_cases_min - 1, 0).verdict, Verdict::inconclusive);
  EXPECT_EQ(decided(1, 1, 0).verdict, Verdict::violated);
  EXPECT_EQ(decided(3, 200, 3).verdict, Verdict::holds);
}

TEST(Evidence, AFindingIsPutInOrder) {
  Finding finding;
  finding.checks = {{.name = "a", .verdict = Verdict::holds, .measured = "well"},
                    {.name = "b", .verdict = Verdict::violated, .measured = "badly"}};
  for (int at = 300; at > 0; --at) finding.timeline.push_back({ms(at), "x"});
  for (std::uint64_t request = 0; request < 50; ++request) show(finding, request / 2);
  conclude(finding, "The retries", true);
  EXPECT_EQ(finding.verdict, Verdict::violated);
  EXPECT_EQ(finding.summary, "The retries do not work as claimed: b: badly.");
  EXPECT_EQ(finding.timeline.size(), 200u);
  EXPECT_EQ(finding.timeline.front().at, ms(1));
  EXPECT_EQ(finding.exchanges.size(), 20u);
  EXPECT_EQ(finding.exchanges.front(), 1u);
  finding.checks[1] = {.name = "b", .missing = "thin"};
  conclude(finding, "The retries", true);
  EXPECT_EQ(finding.summary, "No verdict. The retries may or may not work as claimed: b: thin.");
}

TEST(Evidence, KnowsWhichFaultsWereOn) {
  HandLog hand;
  hand.phase(0, 10, "steady state");
  hand.phase(10, 20, "down");
  hand.faults(10, 20, "down");
  HandScenario plan(10);
  plan.add("down", 10).faults = {HandScenario::fault("down#1")};
  const View view(hand.log, plan.scenario);
  EXPECT_FALSE(fault_window(view.phases()[0], "payments"));
  EXPECT_FALSE(fault_window(view.phases()[1], "stock"));
  ASSERT_TRUE(fault_window(view.phases()[1], "payments"));
  EXPECT_EQ(fault_window(view.phases()[1], "payments")->to, ms(20));
}

}  // namespace
}  // namespace stormproof::verify
