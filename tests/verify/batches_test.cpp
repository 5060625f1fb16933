#include "harness/verify/batches.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace stormproof::verify {
namespace {

TEST(Batches, BoundsHoldTheMeanInNineteenOfTwentyCases) {
  std::mt19937_64 random(1);
  std::normal_distribution<double> draw(5, 2);
  int below = 0;
  int above = 0;
  constexpr int cases = 2000;
  for (int each = 0; each < cases; ++each) {
    std::vector<double> values(10);
    for (double& value : values) value = draw(random);
    const auto bounds = mean_bounds(values);
    ASSERT_TRUE(bounds);
    below += bounds->low <= 5 ? 1 : 0;
    above += bounds->high >= 5 ? 1 : 0;
  }
  EXPECT_NEAR(below, 0.95 * cases, 0.015 * cases);
  EXPECT_NEAR(above, 0.95 * cases, 0.015 * cases);
}

TEST(Batches, FewValuesHaveNoBounds) {
  EXPECT_FALSE(mean_bounds(std::vector<double>(batches_min - 1, 1.0)));
  const auto flat = mean_bounds(std::vector<double>(batches_min, 3.0));
  ASSERT_TRUE(flat);
  EXPECT_EQ(flat->low, 3);
  EXPECT_EQ(flat->high, 3);
}

TEST(Batches, AsManyAsThereAreRequestsFor) {
  EXPECT_EQ(batches_for(0), 0u);
  EXPECT_EQ(batches_for(batches_min * batch_requests_min - 1), 0u);
  EXPECT_EQ(batches_for(batches_min * batch_requests_min), batches_min);
  EXPECT_EQ(batches_for(1'000'000), batches_max);
}

}  // namespace
}  // namespace stormproof::verify
