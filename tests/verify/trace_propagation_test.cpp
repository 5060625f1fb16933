#include "harness/verify/trace_propagation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/verify/hand_log.h"
#include "tests/verify/properties.h"
#include "tests/verify/trace_simulation.h"

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

// A client that was made with the first request keeps its trace; background work has one of its own, later.
TEST(TracePropagation, LateCallsAreWorkInTheBackgroundOrStrangers) {
  using simulation::Carrying;
  const auto judged_courier = [](Carrying how, double background_ms, std::optional<double> within_ms) {
    simulation::Courier courier;
    courier.how = how;
    courier.background_ms = background_ms;
    const RunLog run = simulation::simulate(courier);
    scenarios::TraceExpectation claim{.on = "payments"};
    if (within_ms) claim.background_within = of_ms(*within_ms);
    return judge(run.log, run.scenario({}, claim)).front();
  };
  for (const Carrying how : {Carrying::keeps_the_first, Carrying::mixes_up}) {
    const Finding doubted = judged_courier(how, 0, {});
    EXPECT_EQ(doubted.verdict, Verdict::inconclusive) << told(doubted);
    EXPECT_THAT(doubted.summary, testing::HasSubstr("state background-within"));
    EXPECT_EQ(judged_courier(how, 0, 0).verdict, Verdict::violated);
  }
  EXPECT_EQ(judged_courier(Carrying::right, 0, {}).verdict, Verdict::holds);
  EXPECT_EQ(judged_courier(Carrying::right, 100, {}).verdict, Verdict::inconclusive);
  EXPECT_EQ(judged_courier(Carrying::right, 100, 1000).verdict, Verdict::holds);
  EXPECT_EQ(judged_courier(Carrying::right, 100, 20).verdict, Verdict::violated);
}

enum class Parent : std::uint8_t { fresh, copied, constant };

// 900 calls in these headers.
Finding judged_headers(std::uint8_t carriers, Parent parent, const scenarios::TraceExpectation& claim,
                       bool halved = false) {
  HandLog hand;
  hand.phase(0, 60'000, "steady state");
  for (std::uint32_t at = 0; at < 900; ++at) {
    events::Exchange& request = hand.request(at * 60, 9);
    request.trace.bytes[12] = static_cast<std::uint8_t>(at);
    request.trace.bytes[13] = static_cast<std::uint8_t>(at >> 8);
    const events::TraceId trace = request.trace;
    const auto number = static_cast<std::uint32_t>(request.request);
    events::Exchange& call = hand.call(at * 60 + 1, 5);
    call.trace = trace;
    if (halved) std::fill(call.trace.bytes.begin(), call.trace.bytes.begin() + 8, std::uint8_t{0});
    call.carriers = carriers;
    call.parent = parent == Parent::copied ? number : parent == Parent::constant ? 77 : 1'000'000 + at;
  }
  const HandScenario plan(60'000);
  const View view(hand.log, plan.scenario);
  return judge_trace_propagation(view, view.phases()[0], claim);
}

TEST(TracePropagation, EachHeaderThatIsWantedMustCarryIt) {
  const scenarios::TraceExpectation both{.on = "payments", .headers = {"traceparent", "b3"}};
  EXPECT_EQ(judged_headers(events::in_traceparent | events::in_b3, Parent::fresh, both).verdict, Verdict::holds);
  const Finding one = judged_headers(events::in_traceparent, Parent::fresh, both);
  EXPECT_EQ(one.verdict, Verdict::violated) << told(one);
  EXPECT_EQ(one.checks[0].verdict, Verdict::holds);
  const scenarios::TraceExpectation several{.on = "payments", .headers = {"x-b3"}};
  EXPECT_EQ(judged_headers(events::in_x_b3, Parent::fresh, several).verdict, Verdict::holds);
  EXPECT_EQ(judged_headers(events::in_b3, Parent::fresh, several).verdict, Verdict::violated);
}

TEST(TracePropagation, AnIdOf64BitsIsTheSameTrace) {
  const scenarios::TraceExpectation claim{.on = "payments", .headers = {"b3"}};
  const Finding finding = judged_headers(events::in_b3, Parent::fresh, claim, true);
  EXPECT_EQ(finding.verdict, Verdict::holds) << told(finding);
}

TEST(TracePropagation, ANewParentIsNeitherTheRequestsNorAnothers) {
  const scenarios::TraceExpectation claim{.on = "payments", .new_parent = true};
  EXPECT_EQ(judged_headers(events::in_traceparent, Parent::fresh, claim).verdict, Verdict::holds);
  EXPECT_EQ(judged_headers(events::in_traceparent, Parent::copied, claim).verdict, Verdict::violated);
  EXPECT_EQ(judged_headers(events::in_traceparent, Parent::constant, claim).verdict, Verdict::violated);
  const Finding old = judged_headers(0, Parent::fresh, claim);
  EXPECT_EQ(old.verdict, Verdict::inconclusive) << told(old);
  EXPECT_THAT(old.summary, testing::HasSubstr("too old"));
}

}  // namespace
}  // namespace stormproof::verify
