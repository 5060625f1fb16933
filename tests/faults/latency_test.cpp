#include "faults/latency.h"

#include <gtest/gtest.h>

#include <map>

namespace stormproof::faults {
namespace {

using base::Nanoseconds;
using std::chrono::milliseconds;

TEST(Latency, WithoutJitterIsExact) {
  const Latency latency{.base = milliseconds(250)};
  for (std::uint64_t identity = 0; identity < 100; ++identity) {
    EXPECT_EQ(latency.draw(1, "r", identity), Nanoseconds(milliseconds(250)));
  }
}

TEST(Latency, FollowsItsDistribution) {
  const Latency latency{
      .drawn = Distribution{.kind = Distribution::Kind::lognormal, .base = milliseconds(20), .p99 = milliseconds(200)}};
  int above_p50 = 0;
  int above_p99 = 0;
  for (std::uint64_t identity = 0; identity < 20'000; ++identity) {
    const Nanoseconds drawn = latency.draw(7, "slow", identity);
    above_p50 += drawn > milliseconds(20);
    above_p99 += drawn > milliseconds(200);
  }
  // Five standard deviations of what is drawn.
  EXPECT_NEAR(above_p50, 10'000, 354);
  EXPECT_NEAR(above_p99, 200, 71);
}

TEST(Latency, StaysWithinBaseLessJitterAndBelowBaseAndJitter) {
  const Latency latency{.base = milliseconds(100), .jitter = milliseconds(20)};
  for (std::uint64_t identity = 0; identity < 20'000; ++identity) {
    const Nanoseconds drawn = latency.draw(7, "slow", identity);
    ASSERT_GE(drawn, Nanoseconds(milliseconds(80)));
    ASSERT_LT(drawn, Nanoseconds(milliseconds(120)));
  }
}

// Rounding to the nearest nanosecond would reach base + jitter in one of eight draws here.
TEST(Latency, TheUpperEndIsOutsideToTheNanosecond) {
  const Latency latency{.base = Nanoseconds(10), .jitter = Nanoseconds(2)};
  std::map<std::int64_t, int> drawn;
  for (std::uint64_t identity = 0; identity < 8'000; ++identity) ++drawn[latency.draw(3, "r", identity).count()];
  ASSERT_EQ(drawn.size(), 4u);
  EXPECT_EQ(drawn.begin()->first, 8);
  EXPECT_EQ(drawn.rbegin()->first, 11);
  // Each has 1/4 of 8000; a deviation of 200 is more than five standard deviations.
  for (const auto& [value, count] : drawn) EXPECT_NEAR(count, 2'000, 200) << value;
}

TEST(Latency, JitterAboveTheBaseEndsAtZero) {
  const Latency latency{.base = milliseconds(1), .jitter = milliseconds(3)};
  int zeros = 0;
  for (std::uint64_t identity = 0; identity < 6'000; ++identity) {
    const Nanoseconds drawn = latency.draw(5, "r", identity);
    ASSERT_GE(drawn.count(), 0);
    ASSERT_LT(drawn, Nanoseconds(milliseconds(4)));
    if (drawn.count() == 0) ++zeros;
  }
  EXPECT_NEAR(zeros, 2'000, 200) << "a third of [-2, 4) is below zero";
}

TEST(Latency, DependsOnSeedRuleAndIdentityAndOnNothingElse) {
  const Latency latency{.base = milliseconds(100), .jitter = milliseconds(100)};
  const Nanoseconds drawn = latency.draw(1, "r", 1);
  EXPECT_NE(latency.draw(2, "r", 1), drawn);
  EXPECT_NE(latency.draw(1, "s", 1), drawn);
  EXPECT_NE(latency.draw(1, "r", 2), drawn);
  EXPECT_EQ(latency.draw(1, "r", 1), drawn) << "draws in between change nothing";
}

}  // namespace
}  // namespace stormproof::faults
