#include "harness/proxy/budget.h"

#include <gtest/gtest.h>

namespace stormproof::proxy {
namespace {

TEST(Budget, GivesAllOrNothingUpToItsLimit) {
  Budget budget(100);
  EXPECT_TRUE(budget.take(60));
  EXPECT_FALSE(budget.take(41));
  EXPECT_EQ(budget.used(), 60u);
  EXPECT_TRUE(budget.take(40));
  EXPECT_FALSE(budget.take(1));
  EXPECT_TRUE(budget.take(0));
}

TEST(Budget, RemembersTheMostThatWasUsed) {
  Budget budget(100);
  EXPECT_TRUE(budget.take(70));
  budget.give(70);
  EXPECT_TRUE(budget.take(30));
  EXPECT_EQ(budget.used(), 30u);
  EXPECT_EQ(budget.highest(), 70u);
}

TEST(Budget, AHugeWishDoesNotWrapAround) {
  Budget budget(100);
  EXPECT_TRUE(budget.take(1));
  EXPECT_FALSE(budget.take(static_cast<std::size_t>(-1)));
  EXPECT_EQ(budget.used(), 1u);
}

}  // namespace
}  // namespace stormproof::proxy
