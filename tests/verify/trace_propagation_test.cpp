#include "harness/verify/trace_propagation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/verify/hand_log.h"
#include "tests/verify/properties.h"

namespace stormproof::verify {
namespace {

enum class Passing : std::uint8_t { on, dropped_sometimes, dropped, always_the_first, made_up };

Finding judged(Passing passing, int requests, double share = 0.99) {
  HandLog hand;
  hand.phase(0, 60'000, "steady state");
  std::mt19937_64 random(3);
  events::TraceId first;
  for (int at = 0; at < requests; ++at) {
    hand.request(at * 60, 9);
    events::Exchange& call = hand.call(at * 60 + 1, 5);
    if (at == 0) first = call.trace;
    if (passing == Passing::dropped || (passing == Passing::dropped_sometimes && random() % 20 == 0)) call.trace = {};
    if (passing == Passing::always_the_first) call.trace = first;
    if (passing == Passing::made_up) call.trace.bytes[15] = 9;
  }
  const HandScenario plan(60'000);
  const View view(hand.log, plan.scenario);
  return judge_trace_propagation(view, view.phases()[0], {.on = "payments", .share_at_least = share});
}

TEST(TracePropagation, WhatIsHandedOnHolds) {
  EXPECT_EQ(judged(Passing::on, 900).verdict, Verdict::holds) << told(judged(Passing::on, 900));
  EXPECT_EQ(judged(Passing::on, 900, 1).verdict, Verdict::holds);
}

TEST(TracePropagation, WhatIsLostIsSeen) {
  for (const Passing passing :
       {Passing::dropped_sometimes, Passing::dropped, Passing::always_the_first, Passing::made_up}) {
    const Finding finding = judged(passing, 900);
    EXPECT_EQ(finding.verdict, Verdict::violated) << told(finding);
    EXPECT_FALSE(finding.timeline.empty());
  }
  EXPECT_THAT(judged(Passing::dropped, 900).summary, testing::HasSubstr("900 carry none"));
}

TEST(TracePropagation, StarvedRunsAreInconclusive) {
  EXPECT_EQ(judged(Passing::on, 100).verdict, Verdict::inconclusive);
  EXPECT_EQ(judged(Passing::on, 99, 1).verdict, Verdict::inconclusive);
  EXPECT_THAT(judged(Passing::on, 0).summary, testing::HasSubstr("carried no trace id"));
}

}  // namespace
}  // namespace stormproof::verify
