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

}  // namespace
}  // namespace stormproof::replay
