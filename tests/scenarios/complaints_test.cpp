#include "scenarios/complaints.h"

#include <gtest/gtest.h>

namespace stormproof::scenarios {
namespace {

TEST(Complaints, ComeInOrderOfPositionWithTheirLines) {
  const Source source("s.yaml", "one\ntwo\n");
  Complaints complaints(source);
  EXPECT_TRUE(complaints.empty());
  complaints.add({2, 1, 1}, "c");
  complaints.add({1, 3, 1}, "b");
  complaints.add({1, 2, 1}, "a");
  complaints.add({1, 2, 1}, "a2").hint = "h";
  const auto order = complaints.in_order();
  ASSERT_EQ(order.size(), 4U);
  EXPECT_EQ(order[0].message, "a");
  EXPECT_EQ(order[1].message, "a2") << "as they were found, at one place";
  EXPECT_EQ(order[1].hint, "h");
  EXPECT_EQ(order[2].message, "b");
  EXPECT_EQ(order[3].message, "c");
  EXPECT_EQ(order[3].source, "two");
  EXPECT_EQ(order[3].file, "s.yaml");
  EXPECT_FALSE(complaints.empty());
}

TEST(Complaints, AWarningIsNoMistake) {
  const Source source("s.yaml", "a\n");
  Complaints complaints(source);
  complaints.warn({1, 1, 1}, "odd");
  EXPECT_TRUE(complaints.empty());
  ASSERT_EQ(complaints.in_order().size(), 1u);
  EXPECT_EQ(render(complaints.in_order()), "s.yaml:1:1: warning: odd\n    1 | a\n      | ^\n");
  complaints.add({1, 1, 1}, "wrong");
  EXPECT_FALSE(complaints.empty());
}

TEST(Complaints, TheSameAtTheSamePlaceComesOnce) {
  const Source source("s.yaml", "one");
  Complaints complaints(source);
  complaints.add({1, 1, 1}, "a");
  complaints.add({1, 1, 1}, "a");
  complaints.add({1, 2, 1}, "a");
  EXPECT_EQ(complaints.in_order().size(), 2U);
}

TEST(Complaints, BeyondTheLimitAreCounted) {
  const Source source("s.yaml", std::string_view());
  Complaints complaints(source);
  for (int i = 0; i < static_cast<int>(diagnostics_max); ++i) complaints.add({i + 1, 1, 1}, "a");
  EXPECT_EQ(complaints.in_order().size(), diagnostics_max);
  for (int i = 0; i < 7; ++i) complaints.add({500 + i, 1, 1}, "a");
  const auto order = complaints.in_order();
  ASSERT_EQ(order.size(), diagnostics_max + 1);
  EXPECT_EQ(order.back().message, "7 more errors are not shown");
  EXPECT_EQ(order.back().place.line, 0);
}

}  // namespace
}  // namespace stormproof::scenarios
