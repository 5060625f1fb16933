#include "scenarios/reading.h"

#include <gtest/gtest.h>

namespace stormproof::scenarios {
namespace {

TEST(Reading, WhatIsAbsentOrOfAnotherKindReadsAsNothing) {
  Node map;
  map.kind = Node::Kind::map;
  map.keys.emplace_back().text = "count";
  map.keys.back().kind = Node::Kind::scalar;
  map.items.emplace_back().value = std::int64_t{7};
  EXPECT_EQ(count_in(in(map, "count")), 7U);
  EXPECT_FALSE(count_in(in(map, "other")).has_value());
  EXPECT_FALSE(value<bool>(in(map, "count")).has_value());
  std::int64_t kept = 3;
  put(kept, in(map, "other"));
  EXPECT_EQ(kept, 3);
  EXPECT_TRUE(texts(in(map, "count")).empty());
  EXPECT_EQ(text_map(map).at("count"), "");
}

}  // namespace
}  // namespace stormproof::scenarios
