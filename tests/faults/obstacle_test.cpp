#include "faults/obstacle.h"

#include <gtest/gtest.h>

namespace stormproof::faults {
namespace {

TEST(Chance, DependsOnSeedFaultConnectionAndPlaceOnly) {
  const Chance chance{1, "slow", 7};
  EXPECT_EQ(chance.unit(3), (Chance{1, "slow", 7}.unit(3)));
  EXPECT_NE(chance.unit(3), chance.unit(4));
  EXPECT_NE(chance.unit(3), (Chance{2, "slow", 7}.unit(3)));
  EXPECT_NE(chance.unit(3), (Chance{1, "slower", 7}.unit(3)));
  EXPECT_NE(chance.unit(3), (Chance{1, "slow", 8}.unit(3)));
  double sum = 0;
  for (std::uint64_t i = 0; i < 10'000; ++i) sum += chance.unit(i);
  EXPECT_NEAR(sum / 10'000, 0.5, 0.02);
}

}  // namespace
}  // namespace stormproof::faults
