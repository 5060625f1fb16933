#include "harness/verify/opening.h"

#include <gtest/gtest.h>

#include "tests/verify/hand_log.h"

namespace stormproof::verify {
namespace {

// A hundred requests, of which [from, to) did not call; a call fails at `failed_ms`.
Calls calls_of_hundred(std::size_t from, std::size_t to, std::uint32_t in_the_air = 0) {
  Calls calls;
  calls.miss = 0.01;
  for (std::size_t at = 0; at < 100; ++at) {
    const bool called = at < from || at >= to;
    const double start = 10.0 * static_cast<double>(at);
    calls.opportunities.push_back({.start = ms(start),
                                   .end = ms(start + 2),
                                   .request = at + 1,
                                   .miss = 0.01,
                                   .called = called,
                                   .in_the_air = in_the_air});
    if (!called) continue;
    Call call{.start = ms(start + 0.5), .end = ms(start + 1), .handled = ms(start + 1.2), .request = at + 1};
    call.last_end = call.end;
    call.last_handled = call.handled;
    call.failed = call.last_failed = at >= 40;
    calls.calls.push_back(call);
    calls.by_end.push_back(static_cast<std::uint32_t>(calls.by_end.size()));
  }
  return calls;
}

TEST(Opening, ARowThatChanceDoesNotExplain) {
  EXPECT_TRUE(open_runs(calls_of_hundred(50, 52), ms(0), ms(1000)).empty()) << "two of a class with 1 % misses";
  const auto runs = open_runs(calls_of_hundred(50, 60), ms(0), ms(1000));
  ASSERT_EQ(runs.size(), 1u);
  EXPECT_EQ(runs.front().first, 50u);
  EXPECT_EQ(runs.front().last, 59u);
}

TEST(Opening, AConcurrencyLimitIsNone) { EXPECT_TRUE(open_runs(calls_of_hundred(50, 60, 5), ms(0), ms(1000)).empty()); }

TEST(Opening, IsWhenTheLastCallBeforeWasOver) {
  const Calls calls = calls_of_hundred(50, 60);
  const auto runs = open_runs(calls, ms(0), ms(1000));
  ASSERT_EQ(runs.size(), 1u);
  const Anchor opened = opening_of(calls, runs.front(), ms(400));
  EXPECT_EQ(opened.low, ms(491));
  EXPECT_EQ(opened.high, ms(491.2));
}

}  // namespace
}  // namespace stormproof::verify
