#include "harness/proxy/split.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>

namespace stormproof::proxy {
namespace {

Split split_of(std::vector<std::uint32_t> weights, Stickiness stickiness = {}) {
  auto split = Split::make(std::move(weights), std::move(stickiness));
  EXPECT_TRUE(split) << (split ? "" : split.error().message);
  return std::move(*split);
}

std::string head_with(std::string_view field) { return fmt::format("GET / HTTP/1.1\r\nHost: h\r\n{}\r\n\r\n", field); }

std::map<std::size_t, int> tally(Split& split, int requests) {
  std::map<std::size_t, int> counts;
  for (int i = 0; i < requests; ++i) ++counts[split.choose("GET / HTTP/1.1\r\n\r\n")];
  return counts;
}

TEST(Split, OneUpstreamGetsAll) {
  Split split = split_of({7});
  EXPECT_EQ(tally(split, 100), (std::map<std::size_t, int>{{0, 100}}));
}

TEST(Split, TurnsAreExactInAnyWindow) {
  Split split = split_of({99, 1});
  tally(split, 37);
  for (int window = 0; window < 5; ++window)
    EXPECT_EQ(tally(split, 100), (std::map<std::size_t, int>{{0, 99}, {1, 1}}));
}

TEST(Split, TurnsAreSpreadAndNotInBursts) {
  Split split = split_of({2, 1});
  std::string order;
  for (int i = 0; i < 9; ++i) order += static_cast<char>('a' + split.choose(""));
  EXPECT_EQ(order, "abaabaaba");
}

TEST(Split, NothingGoesWhereTheWeightIsZero) {
  Split split = split_of({0, 3, 0, 1});
  EXPECT_EQ(tally(split, 400), (std::map<std::size_t, int>{{1, 300}, {3, 100}}));
}

TEST(Split, TheSameKeyStaysAndTheSharesFollowTheWeights) {
  Split split = split_of({9, 1}, {.header = "X-User", .cookie = {}});
  std::map<std::size_t, int> counts;
  for (int user = 0; user < 10'000; ++user) {
    const std::string head = head_with(fmt::format("x-user:  u{} ", user));
    const std::size_t first = split.choose(head);
    EXPECT_EQ(split.choose(head), first);
    ++counts[first];
  }
  EXPECT_NEAR(counts[1], 1000, 100);
}

TEST(Split, AKeyIsTheSameForEveryWorker) {
  Split one = split_of({1, 1}, {.header = {}, .cookie = "sid"}),
        other = split_of({1, 1}, {.header = {}, .cookie = "sid"});
  tally(other, 3);
  for (int i = 0; i < 200; ++i) {
    const std::string head = head_with(fmt::format("Cookie: a=b; sid={}; c=d", i));
    EXPECT_EQ(one.choose(head), other.choose(head));
  }
}

TEST(Split, WhenTheCanaryGrowsNobodyLeavesIt) {
  Split before = split_of({99, 1}, {.header = "X-User", .cookie = {}}),
        after = split_of({80, 20}, {.header = "X-User", .cookie = {}});
  int moved = 0, on_canary = 0;
  for (int user = 0; user < 10'000; ++user) {
    const std::string head = head_with(fmt::format("X-User: {}", user));
    const std::size_t was = before.choose(head), is = after.choose(head);
    on_canary += was == 1;
    if (was == 1) EXPECT_EQ(is, 1U) << user;
    moved += was != is;
  }
  EXPECT_GT(on_canary, 0);
  EXPECT_NEAR(moved, 1900, 200);
}

TEST(Split, WithoutTheKeyARequestTakesATurn) {
  Split split = split_of({1, 1}, {.header = "X-User", .cookie = {}});
  EXPECT_EQ(tally(split, 10), (std::map<std::size_t, int>{{0, 5}, {1, 5}}));
}

TEST(Split, WhatCannotBeIsRefused) {
  EXPECT_FALSE(Split::make({}));
  EXPECT_FALSE(Split::make({0, 0}));
  EXPECT_FALSE(Split::make({Split::weight_max + 1}));
  EXPECT_FALSE(Split::make(std::vector<std::uint32_t>(Split::upstreams_max + 1, 1)));
  EXPECT_FALSE(Split::make({1}, {.header = "a", .cookie = "b"}));
}

TEST(FieldOf, FindsAFieldWhateverItsCase) {
  EXPECT_EQ(field_of(head_with("X-User: anna"), "x-USER"), "anna");
  EXPECT_EQ(field_of("GET /x-user: HTTP/1.1\nx-user:b\n\n", "x-user"), "b");
  EXPECT_EQ(field_of(head_with("X-Users: anna"), "x-user"), std::nullopt);
  EXPECT_EQ(field_of("", "x"), std::nullopt);
}

TEST(CookieOf, FindsItAmongOthersAndInSeveralFields) {
  EXPECT_EQ(cookie_of(head_with("Cookie: a=1; sid=x=y; b=2"), "sid"), "x=y");
  EXPECT_EQ(cookie_of(head_with("Cookie: xsid=1\r\ncookie: sid=2"), "sid"), "2");
  EXPECT_EQ(cookie_of(head_with("Cookie: sid"), "sid"), std::nullopt);
  EXPECT_EQ(cookie_of(head_with("Cookie: ;;=;"), "sid"), std::nullopt);
}

}  // namespace
}  // namespace stormproof::proxy
