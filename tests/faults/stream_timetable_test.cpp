#include "faults/stream_timetable.h"

#include <gtest/gtest.h>

namespace stormproof::faults {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

StreamRule rule(const std::string& name) {
  return {.fault = {.name = name, .kind = Bandwidth{.rate = 5}}, .after = {}, .lasting = {}, .ramp = {}};
}

TEST(StreamRule, ItsShareIsThatOfItsWindowAndItsRamp) {
  StreamRule one = rule("a");
  one.fault.share = 0.5;
  one.after = seconds(2);
  one.lasting = seconds(4);
  one.ramp = seconds(2);
  EXPECT_EQ(one.share_at(milliseconds(1999)), std::nullopt);
  EXPECT_EQ(one.share_at(seconds(2)), 0.0);
  EXPECT_EQ(one.share_at(seconds(3)), 0.25);
  EXPECT_EQ(one.share_at(seconds(4)), 0.5);
  EXPECT_EQ(one.share_at(milliseconds(5999)), 0.5);
  EXPECT_EQ(one.share_at(seconds(6)), std::nullopt);
  EXPECT_EQ(rule("b").share_at(seconds(1000)), 1.0) << "to the phase's end";
}

class StreamTimetableTest : public testing::Test {
 protected:
  bool stands(const std::string& name) const { return injector_.find(name) != nullptr; }

  base::SystemClock clock_;
  StreamInjector injector_{clock_, nullptr, 0, 1};
};

TEST_F(StreamTimetableTest, PutsUpAndTakesDownWhenItIsTime) {
  StreamRule late = rule("late");
  late.after = seconds(2);
  late.lasting = seconds(3);
  StreamTimetable table(injector_, {rule("always"), late});
  EXPECT_EQ(table.turn(seconds(0)), seconds(2));
  EXPECT_TRUE(stands("always"));
  EXPECT_FALSE(stands("late"));
  EXPECT_EQ(table.turn(seconds(2)), seconds(5));
  EXPECT_TRUE(stands("late"));
  EXPECT_EQ(table.turn(seconds(5)), StreamTimetable::never);
  EXPECT_FALSE(stands("late"));
  EXPECT_TRUE(stands("always"));
}

TEST_F(StreamTimetableTest, ARampGrowsStepByStepToTheWholeShare) {
  StreamRule slow = rule("slow");
  slow.ramp = milliseconds(120);
  StreamTimetable table(injector_, {slow});
  base::Nanoseconds at{0};
  double before = -1;
  int steps = 0;
  while (at != StreamTimetable::never) {
    const base::Nanoseconds next = table.turn(at);
    const double share = injector_.find("slow")->share;
    EXPECT_GT(share, before);
    before = share;
    at = next;
    ++steps;
  }
  EXPECT_EQ(before, 1.0);
  EXPECT_EQ(steps, 4) << "0, 50, 100 and 120 ms";
}

TEST_F(StreamTimetableTest, NothingIsLeftOfItsFaultsWhenItEnds) {
  EXPECT_TRUE(injector_.set({.name = "by hand", .kind = Noop{}}));
  {
    StreamTimetable table(injector_, {rule("a"), rule("b")});
    table.turn(seconds(0));
    EXPECT_TRUE(stands("a"));
  }
  EXPECT_FALSE(stands("a"));
  EXPECT_FALSE(stands("b"));
  EXPECT_TRUE(stands("by hand"));
}

}  // namespace
}  // namespace stormproof::faults
