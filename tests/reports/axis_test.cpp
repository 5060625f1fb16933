#include "reports/axis.h"

#include <gtest/gtest.h>

namespace stormproof::reports {
namespace {

TEST(Axis, EndsAboveWhatItShowsAndReadsWell) {
  EXPECT_DOUBLE_EQ(axis_end(100), 120);
  EXPECT_DOUBLE_EQ(axis_end(96), 100);
  EXPECT_DOUBLE_EQ(axis_end(2), 2.4);
  EXPECT_DOUBLE_EQ(axis_end(0.79), 1);
  EXPECT_DOUBLE_EQ(axis_end(7.8e6), 1e7);
  EXPECT_DOUBLE_EQ(axis_end(0), 1);
  EXPECT_DOUBLE_EQ(axis_end(-5), 1);
  for (double most = 0.001; most < 1e7; most *= 1.07) {
    ASSERT_GT(axis_end(most), most);
    ASSERT_LE(axis_end(most), 1.5 * most) << "most of the height is used";
  }
}

TEST(Axis, TicksOfTimeAreFewAndRound) {
  EXPECT_DOUBLE_EQ(clock_step_s(60), 5);
  EXPECT_DOUBLE_EQ(clock_step_s(61), 10);
  EXPECT_DOUBLE_EQ(clock_step_s(0.1), 0.01);
  for (double span = 0.001; span < 1e8; span *= 1.13) {
    ASSERT_LE(span / clock_step_s(span), 12 * (1 + 1e-6));
    ASSERT_GE(span / clock_step_s(span), 4);
  }
}

TEST(Axis, TicksAreShort) {
  EXPECT_EQ(tick_text(0), "0");
  EXPECT_EQ(tick_text(0.5), "0.5");
  EXPECT_EQ(tick_text(120), "120");
  EXPECT_EQ(tick_text(2400), "2.4k");
}

}  // namespace
}  // namespace stormproof::reports
