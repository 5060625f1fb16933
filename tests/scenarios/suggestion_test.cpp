#include "scenarios/suggestion.h"

#include <gtest/gtest.h>

#include <array>

namespace stormproof::scenarios {
namespace {

TEST(Suggestion, CountsEditsAndSwaps) {
  EXPECT_EQ(edit_distance("", ""), 0U);
  EXPECT_EQ(edit_distance("", "abc"), 3U);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
  EXPECT_EQ(edit_distance("abrot", "abort"), 1U) << "two neighbours swapped are one edit";
  EXPECT_EQ(edit_distance("error", "errors"), 1U);
}

TEST(Suggestion, IsTheNearestWord) {
  const std::array<std::string, 4> known = {"latency", "abort", "at-most", "errors"};
  EXPECT_EQ(nearest("latencey", known), "latency");
  EXPECT_EQ(nearest("error", known), "errors");
  EXPECT_EQ(nearest("At_Most", known), "at-most");
  EXPECT_EQ(nearest("atMost", known), "at-most");
  EXPECT_EQ(nearest("crash", known), "");
  EXPECT_EQ(nearest("", known), "");
  EXPECT_EQ(nearest(std::string(suggestion_bytes_max + 1, 'a'), known), "");
}

TEST(Suggestion, NumbersAreNotSlipsOfOneAnother) {
  const std::array<std::string, 3> known = {"p90", "p99", "max"};
  EXPECT_EQ(nearest("p98", known), "");
  EXPECT_EQ(nearest("P99", known), "p99");
}

TEST(Suggestion, AShortWordIsNotReplacedWhole) {
  const std::array<std::string, 2> known = {"on", "a"};
  EXPECT_EQ(nearest("no", known), "on");
  EXPECT_EQ(nearest("b", known), "");
}

}  // namespace
}  // namespace stormproof::scenarios
