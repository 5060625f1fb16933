#include "harness/verify/foreseen_faults.h"

#include <gtest/gtest.h>

#include "tests/verify/hand_log.h"

namespace stormproof::verify {
namespace {

using std::chrono::seconds;

TEST(ForeseenFaults, WhatTheyDo) {
  scenarios::Phase phase = HandScenario::phase_of("hurt", 20'000);
  EXPECT_FALSE(is_hurt(phase, "payments"));
  EXPECT_FALSE(never_fails(phase, "payments"));
  phase.faults = {HandScenario::fault("hurt#1"), HandScenario::fault("hurt#2")};
  phase.faults[0].abort->status = 404;
  phase.faults[0].share = 0.3;
  phase.faults[0].targeting.after = seconds(5);
  phase.faults[1].on = "stock";
  EXPECT_TRUE(is_hurt(phase, "payments"));
  EXPECT_DOUBLE_EQ(share_hurt(phase, "payments"), 0.3);
  EXPECT_EQ(longest_fault(phase, "payments"), seconds(15));
  EXPECT_EQ(longest_hold(phase, "payments"), seconds(0));
  EXPECT_TRUE(never_fails(phase, "payments"));
  EXPECT_FALSE(says_retry_after(phase, "payments"));
  phase.faults[0].abort->headers = {{"Retry-After", "3"}};
  EXPECT_TRUE(says_retry_after(phase, "payments"));
  phase.faults[0].latency = scenarios::LatencyFault{.base = seconds(2), .jitter = seconds(1)};
  EXPECT_EQ(longest_hold(phase, "payments"), seconds(3));
  EXPECT_FALSE(never_fails(phase, "payments"));
  phase.faults[0].message.no_answer = "reset";
  EXPECT_EQ(longest_hold(phase, "payments"), std::nullopt);
}

}  // namespace
}  // namespace stormproof::verify
