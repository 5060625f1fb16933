#include "harness/verify/hidden_leaks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "tests/verify/hand_log.h"

namespace stormproof::verify {
namespace {

// A request every 10 ms; healthy for 5 s; then only these requests (by their number in the outage, from 0) call, and hang for
// 200 ms. The breaker sleeps for a second.
struct Course {
  std::map<int, double> calling;  // number, and how long the call takes
  bool traced = true;
};

std::vector<std::size_t> hidden_of(const Course& course, int most_ms = 1200) {
  HandLog hand;
  hand.phase(0, 5000, "steady state");
  hand.phase(5000, 11000, "outage");
  hand.faults(5000, 11000, "outage");
  for (int at = 0; at < 1100; ++at) {
    const int in_outage = at - 500;
    const auto call = course.calling.find(in_outage);
    const bool calls = in_outage < 0 || call != course.calling.end();
    const double took = in_outage < 0 || !calls ? 2 : call->second;
    hand.request(at * 10.0, calls ? took + 1 : 1);
    if (in_outage < 0) hand.call(at * 10.0 + 0.5, 2);
    else if (calls) hand.call(at * 10.0 + 0.5, took, 503, "outage#1");
  }
  if (!course.traced) {
    for (events::Exchange& exchange : hand.log.exchanges) {
      if (exchange.side == events::Side::egress) exchange.trace = {};
    }
  }
  HandScenario plan(5000);
  plan.add("outage", 6000);
  const Calls calls = calls_of(View(hand.log, plan.scenario), "payments");
  const Openness seen = observe(calls, ms(5000), ms(11000), {std::chrono::milliseconds(800)});
  EXPECT_TRUE(seen.leaked.empty());
  const SleepMost most{.claimed = std::chrono::milliseconds(most_ms)};
  return hidden_leaks(calls, seen, most);
}

// Trips at 5 ms; each probe hangs, so that the next is due 1.2 s after it.
const std::map<int, double> right = {{0, 5}, {102, 200}, {223, 200}, {344, 200}, {465, 200}};

TEST(HiddenLeaks, OneProbeAtATimeHidesNone) { EXPECT_TRUE(hidden_of({right}).empty()); }

// The leak comes 60 ms before the probe, and is under way when that comes: two calls where half-open lets one through.
TEST(HiddenLeaks, ALeakJustBeforeTheProbeMayBeOne) {
  auto calling = right;
  calling[338] = 200;
  EXPECT_THAT(hidden_of({calling}), testing::Contains(2u));
}

// Half-open lets three through, always: what is suppressed meanwhile shows that they are no more.
TEST(HiddenLeaks, AFullHalfOpenHidesNone) {
  std::map<int, double> calling = {{0, 5}};
  for (const int probe : {102, 223, 344, 465}) calling[probe] = calling[probe + 1] = calling[probe + 2] = 200;
  EXPECT_TRUE(hidden_of({calling}).empty());
  calling[341] = 200;  // beside the three
  EXPECT_THAT(hidden_of({calling}), testing::Contains(2u));
}

// It fails at once, and the probe that comes after it would be early: observe() sees it.
TEST(HiddenLeaks, WhatIsOverAtOnceHidesNone) {
  EXPECT_TRUE(hidden_of({{{0, 5}, {102, 0.3}, {203, 0.3}, {304, 0.3}, {405, 0.3}}}).empty());
}

// With a claim so wide that a breaker may sleep twice as long, each call may be a leak but the last.
TEST(HiddenLeaks, AWideClaimHidesThem) { EXPECT_GE(hidden_of({right}, 2500).size(), 1u); }

TEST(HiddenLeaks, WithoutTraceIdsACycleWithMoreCallsIsDoubtful) {
  EXPECT_TRUE(hidden_of({right, false}).empty());
  auto calling = right;
  calling[343] = 200;
  EXPECT_EQ(hidden_of({calling, false}), std::vector<std::size_t>{2});
}

}  // namespace
}  // namespace stormproof::verify
