#include "faults/noop.h"

#include <gtest/gtest.h>

namespace stormproof::faults {
namespace {

TEST(Noop, IsAlwaysRight) { EXPECT_TRUE(Noop{}.check()); }

}  // namespace
}  // namespace stormproof::faults
