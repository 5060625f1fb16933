#include "harness/verify/links.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/verify/judge.h"
#include "tests/verify/hand_log.h"
#include "tests/verify/properties.h"

namespace stormproof::verify {
namespace {

// The pair: each call fails, and is repeated at once elsewhere, where it succeeds. No request fails.
std::vector<Finding> judged_pair(bool repeats, bool saved) {
  HandLog hand;
  hand.phase(0, 5000, "steady state");
  hand.phase(5000, 15'000, "down");
  hand.faults(5000, 15'000, "down");
  for (int at = 0; at < 1500; ++at) {
    hand.request(at * 10, 6, at < 500 || (repeats && saved) ? 200 : 502);
    if (at < 500) {
      hand.call(at * 10 + 1, 2);
      continue;
    }
    hand.call(at * 10 + 1, 1, 500, "down#1");
    if (repeats) hand.call(at * 10 + 3, 1, saved ? 200 : 500, saved ? "" : "down#1");
  }
  HandScenario plan(5000);
  auto& phase = plan.add("down", 10'000);
  phase.faults = {HandScenario::fault("down#1")};
  phase.faults.front().share = 0.5;
  scenarios::BreakerExpectation breaker;
  breaker.on = "payments";
  breaker.opens_within = of_ms(3000);
  phase.expect = {
      {.what = breaker, .text = "circuit-breaker", .line = 20},
      {.what = scenarios::RetriesExpectation{.on = "payments", .attempts_at_most = 1}, .text = "retries", .line = 21}};
  return judge(hand.log, plan.scenario);
}

TEST(Links, TheBreakerIsDeadBecauseOfTheRetries) {
  const auto findings = judged_pair(true, true);
  EXPECT_EQ(findings[0].verdict, Verdict::violated) << told(findings[0]);
  EXPECT_THAT(findings[0].summary, testing::HasSubstr("The breaker is dead because of the retries: "));
  EXPECT_THAT(findings[0].summary, testing::HasSubstr("See retries on payments (line 21)"));
}

TEST(Links, RetriesGoAroundIt) {
  EXPECT_THAT(judged_pair(true, false)[0].summary, testing::HasSubstr("Retries go around it"));
}

TEST(Links, ABreakerThatIsMerelyBrokenIsNotExplained) {
  const auto findings = judged_pair(false, false);
  EXPECT_EQ(findings[0].verdict, Verdict::violated) << told(findings[0]);
  EXPECT_THAT(findings[0].summary, testing::Not(testing::HasSubstr("retries")));
  EXPECT_NE(findings[1].verdict, Verdict::violated) << told(findings[1]);
}

}  // namespace
}  // namespace stormproof::verify
