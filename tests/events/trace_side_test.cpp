#include "harness/events/trace_side.h"

#include <gtest/gtest.h>

#include <set>

namespace stormproof::events {
namespace {

TEST(TraceSide, SidesOfOneIdDifferAndHaveOneThingInCommon) {
  TraceId trace;
  for (std::uint8_t i = 0; i < 16; ++i) trace.bytes[i] = static_cast<std::uint8_t>(i * 17);
  EXPECT_EQ(on_side(trace, 0), trace);
  std::set<TraceId> sides;
  for (unsigned side = 0; side <= side_mask; ++side) {
    sides.insert(on_side(trace, side));
    EXPECT_EQ(without_side(on_side(trace, side)), without_side(trace));
  }
  EXPECT_EQ(sides.size(), side_mask + 1);
}

TEST(TraceSide, NoIdStaysNone) { EXPECT_TRUE(on_side(TraceId(), 1).none()); }

TEST(TraceSide, OtherIdsStayOthers) {
  TraceId one;
  TraceId other;
  one.bytes[15] = 4;
  other.bytes[15] = 8;
  EXPECT_NE(without_side(one), without_side(other));
}

}  // namespace
}  // namespace stormproof::events
