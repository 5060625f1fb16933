#include "replay/filter.h"

#include <gtest/gtest.h>

namespace stormproof::replay {
namespace {

TEST(Filter, AnEmptyOneKeepsEverything) { EXPECT_TRUE(Filter{}.keeps("DELETE", "/x")); }

TEST(Filter, KeepsOnlyItsMethods) {
  const Filter filter{{"GET", "HEAD"}, {}};
  EXPECT_TRUE(filter.keeps("HEAD", "/"));
  EXPECT_FALSE(filter.keeps("POST", "/"));
  EXPECT_FALSE(filter.keeps("get", "/")) << "methods are case-sensitive";
}

TEST(Filter, KeepsOnlyItsPathsWhateverTheQuery) {
  const Filter filter{{}, {"/checkout/*", "/cart"}};
  EXPECT_TRUE(filter.keeps("GET", "/checkout/7?x=/cart"));
  EXPECT_TRUE(filter.keeps("GET", "/cart?item=1"));
  EXPECT_TRUE(filter.keeps("GET", "http://shop/cart"));
  EXPECT_FALSE(filter.keeps("GET", "/cart/1"));
  EXPECT_FALSE(filter.keeps("GET", "/x?/checkout/1"));
}

TEST(Filter, WhatIsLeftOutIsLeftOutOfWhatIsKept) {
  const Filter filter{.paths = {"/a/*"}, .paths_left_out = {"/a/b*"}};
  EXPECT_TRUE(filter.keeps("GET", "/a/c"));
  EXPECT_FALSE(filter.keeps("GET", "/a/bc?x"));
  EXPECT_FALSE(filter.keeps("GET", "/c"));
}

TEST(Filter, SessionsAreKeptWholeTheirShareAndTheSameForASeed) {
  const Filter tenth{.sessions = 0.1, .seed = 4};
  const Filter other{.sessions = 0.1, .seed = 5};
  int kept = 0, differ = 0;
  for (std::uint64_t session = 1; session <= 10'000; ++session) {
    kept += tenth.keeps_session(session) ? 1 : 0;
    differ += tenth.keeps_session(session) != other.keeps_session(session) ? 1 : 0;
    EXPECT_EQ(tenth.keeps_session(session), tenth.keeps_session(session));
    EXPECT_TRUE(Filter{}.keeps_session(session));
  }
  EXPECT_NEAR(kept, 1000, 150) << "five standard errors";
  EXPECT_GT(differ, 1000);
}

TEST(Filter, ATimeRangeBeginsWithItsFirstInstantAndEndsBeforeItsLast) {
  const Filter filter{.from = std::chrono::seconds(1), .until = std::chrono::seconds(2)};
  EXPECT_FALSE(filter.keeps_time(std::chrono::milliseconds(999)));
  EXPECT_TRUE(filter.keeps_time(std::chrono::seconds(1)));
  EXPECT_FALSE(filter.keeps_time(std::chrono::seconds(2)));
  EXPECT_TRUE(Filter{}.keeps_time(std::chrono::hours(9999)));
}

}  // namespace
}  // namespace stormproof::replay
