#include "harness/base/clock.h"

#include <gtest/gtest.h>

namespace stormproof::base {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(SystemClock, StartsAtTheWallClock) {
  const auto before = std::chrono::system_clock::now();
  const SystemClock clock;
  const Time now = clock.now();
  EXPECT_GE(now, before - seconds(1));
  EXPECT_LE(now, std::chrono::system_clock::now() + seconds(1));
}

TEST(SystemClock, NeverGoesBack) {
  const SystemClock clock;
  Time last = clock.now();
  for (int i = 0; i < 100'000; ++i) {
    const Time now = clock.now();
    ASSERT_GE(now, last);
    last = now;
  }
}

TEST(SystemClock, AdvancesWithTheMonotonicClock) {
  const SystemClock clock;
  const auto steady_before = std::chrono::steady_clock::now();
  const Time now = clock.now();
  const auto steady_after = std::chrono::steady_clock::now();
  EXPECT_GE(clock.to_steady(now), steady_before);
  EXPECT_LE(clock.to_steady(now), steady_after);
}

TEST(SystemClock, ToSteadyKeepsDistances) {
  const SystemClock clock;
  const Time now = clock.now();
  EXPECT_EQ(clock.to_steady(now + hours(3)) - clock.to_steady(now), hours(3));
  EXPECT_EQ(clock.to_steady(now) - clock.to_steady(now - seconds(5)), seconds(5));
}

TEST(ManualClock, StandsStillUntilItIsMoved) {
  ManualClock clock(Time{seconds(1000)});
  EXPECT_EQ(clock.now(), Time{seconds(1000)});
  EXPECT_EQ(clock.now(), Time{seconds(1000)});
  clock.advance(milliseconds(250));
  EXPECT_EQ(clock.now(), Time{milliseconds(1000'250)});
}

TEST(ManualClock, StartsAtTheEpochWhenNotTold) {
  const ManualClock clock;
  EXPECT_EQ(clock.now().time_since_epoch().count(), 0);
}

}  // namespace
}  // namespace stormproof::base
