#include "faults/limit_data.h"

#include <gtest/gtest.h>

#include "tests/faults/flow_run.h"

namespace stormproof::faults {
namespace {

using std::chrono::milliseconds;

struct AfterBytes {
  StreamFaultKind kind;
  End::Kind end;
};

class PassesFirst : public testing::TestWithParam<AfterBytes> {};

// A limit and a reset let the same bytes pass; they differ in how they end, and in when: a reset waits for the byte beyond them.
TEST_P(PassesFirst, SoManyBytesThenTheEnd) {
  FlowRun run;
  run.set("fault", GetParam().kind);
  run.put("abc");
  run.until(milliseconds(1));
  EXPECT_FALSE(run.ended);
  run.put("defg");
  run.until(milliseconds(2));
  EXPECT_EQ(run.bytes(), "abcde");
  EXPECT_EQ(run.ended, GetParam().end);
}

INSTANTIATE_TEST_SUITE_P(AfterBytes, PassesFirst,
                         testing::Values(AfterBytes{LimitData{.bytes = 5}, End::Kind::cut},
                                         AfterBytes{Reset{.after_bytes = 5}, End::Kind::reset}));

TEST(Reset, ExactlySoManyDoNotReset) {
  FlowRun run;
  run.set("reset", Reset{.after_bytes = 5});
  run.put("abcde");
  run.until(milliseconds(10));
  EXPECT_FALSE(run.ended);
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
