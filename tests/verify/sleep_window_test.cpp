#include "harness/verify/sleep_window.h"

#include <gtest/gtest.h>

#include <chrono>

namespace stormproof::verify {
namespace {

using std::chrono::milliseconds;

Interval within(int low, int high) { return {milliseconds(low), milliseconds(high)}; }

TEST(SleepWindow, ConstantIsTheIntersection) {
  const SleepWindow window = fit({within(1950, 2030), within(1990, 2050), within(1900, 2020)});
  EXPECT_EQ(window.law, Law::constant);
  EXPECT_EQ(window.first, within(1990, 2020));
  EXPECT_EQ(window.of(5), within(1990, 2020));
  EXPECT_EQ(describe(window, 3), "2.00 s (3 cycles, each within 1.99 s to 2.02 s)");
}

TEST(SleepWindow, GrowingHasAFactor) {
  const SleepWindow window = fit({within(990, 1010), within(1990, 2010), within(3990, 4010), within(7980, 8020)});
  EXPECT_EQ(window.law, Law::growing);
  EXPECT_NEAR(window.factor, 2, 0.02);
  EXPECT_LE(window.first.low, milliseconds(1000));
  EXPECT_GE(window.first.high, milliseconds(1000));
  EXPECT_NEAR(static_cast<double>(window.of(3).middle().count()), 8e9, 2e8);
}

TEST(SleepWindow, LinearHasAStep) {
  const SleepWindow window = fit({within(990, 1010), within(1990, 2010), within(2990, 3010), within(3990, 4010)});
  EXPECT_EQ(window.law, Law::linear);
  EXPECT_NEAR(static_cast<double>(window.step.count()), 1e9, 2e7);
}

TEST(SleepWindow, JitterIsARange) {
  const SleepWindow window = fit({within(1490, 1510), within(2290, 2310), within(1890, 1910), within(2490, 2510)});
  EXPECT_EQ(window.law, Law::jittered);
  EXPECT_EQ(window.first, within(1490, 2510));
}

TEST(SleepWindow, TooFewOrTooWildIsUnknown) {
  EXPECT_EQ(fit({}).law, Law::unknown);
  EXPECT_EQ(fit({within(1990, 2010)}).law, Law::unknown);
  EXPECT_EQ(fit({within(100, 110), within(1990, 2010), within(90, 100), within(3000, 3010)}).law, Law::unknown);
}

TEST(SleepWindow, IntervalsAreOpenBelow) {
  EXPECT_TRUE(within(5, 5).empty());
  EXPECT_FALSE(within(4, 5).empty());
  EXPECT_EQ(within(4, 6).middle(), milliseconds(5));
}

}  // namespace
}  // namespace stormproof::verify
