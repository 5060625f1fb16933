#include "faults/segments.h"

#include <gtest/gtest.h>

namespace stormproof::faults {
namespace {

TEST(Segments, CountWhatTheyHoldWithItsOverhead) {
  Segments segments(1000);
  EXPECT_EQ(segments.room(), 1000U);
  segments.push({std::string(100, 'a'), Instant{}});
  EXPECT_EQ(segments.held(), 100 + Segments::overhead);
  segments.skip(30);
  EXPECT_EQ(segments.held(), 70 + Segments::overhead);
  EXPECT_EQ(segments.take(20).left().size(), 20U);
  EXPECT_EQ(segments.pop().left().size(), 50U);
  EXPECT_EQ(segments.held(), 0U);
  segments.push({std::string(2000, 'a'), Instant{}});
  EXPECT_EQ(segments.room(), 0U);
  segments.drop_all();
  EXPECT_EQ(segments.room(), 1000U);
}

TEST(Segments, TheFirstEndStays) {
  Segments segments(10);
  EXPECT_FALSE(segments.at_end());
  segments.end({End::Kind::in_order, Instant{}});
  segments.end({End::Kind::reset, Instant{}});
  ASSERT_TRUE(segments.at_end());
  EXPECT_EQ(segments.ended()->kind, End::Kind::in_order);
  EXPECT_FALSE(segments.ended()->by_fault());
  segments.take_end();
  EXPECT_FALSE(segments.ended());
}

TEST(Segments, WhatIsPutBeforeComesFirst) {
  Segments first(100);
  Segments second(100);
  first.push({"a", Instant{}});
  first.push({"b", Instant{}});
  first.end({End::Kind::in_order, Instant{}});
  second.push({"c", Instant{}});
  second.prepend(first);
  EXPECT_EQ(second.pop().left(), "a");
  EXPECT_EQ(second.pop().left(), "b");
  EXPECT_EQ(second.pop().left(), "c");
  EXPECT_TRUE(second.at_end());
  EXPECT_TRUE(first.empty() && !first.ended() && first.held() == 0);
}

}  // namespace
}  // namespace stormproof::faults
