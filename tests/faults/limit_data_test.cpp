#include "faults/limit_data.h"

#include <gtest/gtest.h>

#include "tests/faults/flow_run.h"

namespace stormproof::faults {
namespace {

using std::chrono::milliseconds;

TEST(LimitData, SoManyBytesThenTheEnd) {
  FlowRun run;
  run.set("limit", LimitData{.bytes = 5});
  run.put("abc");
  run.until(milliseconds(1));
  EXPECT_FALSE(run.ended);
  run.put("defg");
  run.until(milliseconds(2));
  EXPECT_EQ(run.bytes(), "abcde");
  EXPECT_EQ(run.ended, End::Kind::cut);
}

TEST(LimitData, ExactlySoManyCloseAtOnce) {
  FlowRun run;
  run.set("limit", LimitData{.bytes = 3});
  run.put("abc");
  run.until(milliseconds(0));
  EXPECT_EQ(run.bytes(), "abc");
  EXPECT_EQ(run.ended, End::Kind::cut);
}

TEST(LimitData, At0TheFirstByteCloses) {
  FlowRun run;
  run.set("limit", LimitData{});
  run.until(milliseconds(10));
  EXPECT_FALSE(run.ended);
  run.put("a");
  run.until(milliseconds(10));
  EXPECT_EQ(run.bytes(), "");
  EXPECT_EQ(run.ended, End::Kind::cut);
}

TEST(LimitData, WhatHasPassedCountsAfterAChange) {
  FlowRun run;
  run.set("limit", LimitData{.bytes = 100});
  run.put("abcdef");
  run.until(milliseconds(1));
  run.set("limit", LimitData{.bytes = 8});
  run.put("ghijk");
  run.until(milliseconds(2));
  EXPECT_EQ(run.bytes(), "abcdefgh");
  EXPECT_EQ(run.ended, End::Kind::cut);
}

}  // namespace
}  // namespace stormproof::faults
