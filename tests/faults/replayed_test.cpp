#include "faults/replayed.h"

#include <gtest/gtest.h>

namespace stormproof::faults {
namespace {

TEST(Replayed, AMarkIsOfItsRuleAndItsIdentity) {
  EXPECT_EQ(mark_of("a#1", 7), mark_of("a#1", 7));
  EXPECT_NE(mark_of("a#1", 7), mark_of("a#1", 8));
  EXPECT_NE(mark_of("a#1", 7), mark_of("a#2", 7));
}

}  // namespace
}  // namespace stormproof::faults
