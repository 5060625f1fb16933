#include "faults/connecting.h"

#include <gtest/gtest.h>

namespace stormproof::faults {
namespace {

TEST(Connecting, SaysWhatMeansNothing) {
  EXPECT_TRUE(Connecting{}.check());
  EXPECT_FALSE((Connecting{.refuse = true, .hang = true}.check()));
  EXPECT_FALSE((Connecting{.delay = {.base = std::chrono::hours(30)}}.check()));
}

}  // namespace
}  // namespace stormproof::faults
