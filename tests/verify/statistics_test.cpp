#include "harness/verify/statistics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace stormproof::verify {
namespace {

// Values: R, binom.test(k, n, alternative = "less" or "greater").
TEST(Statistics, ClopperPearsonMatchesClosedForms) {
  EXPECT_NEAR(share_upper(0, 100), 1 - std::pow(0.05, 1.0 / 100), 1e-12);
  EXPECT_NEAR(share_lower(100, 100), std::pow(0.05, 1.0 / 100), 1e-12);
  EXPECT_NEAR(share_upper(0, 300), 3.0 / 300, 1e-4);  // the rule of three
  EXPECT_NEAR(share_upper(5, 10, 0.975), 0.8129136, 1e-6);
  EXPECT_NEAR(share_lower(5, 10, 0.975), 0.1870864, 1e-6);
  EXPECT_EQ(share_upper(0, 0), 1);
  EXPECT_EQ(share_lower(0, 0), 0);
  EXPECT_EQ(share_upper(7, 7), 1);
  EXPECT_EQ(share_lower(0, 7), 0);
}

TEST(Statistics, BinomialTails) {
  EXPECT_NEAR(binomial_at_least(1, 3, 0.5), 0.875, 1e-12);
  EXPECT_NEAR(binomial_at_most(1, 3, 0.5), 0.5, 1e-12);
  EXPECT_EQ(binomial_at_least(0, 3, 0.5), 1);
  EXPECT_EQ(binomial_at_least(4, 3, 0.5), 0);
  EXPECT_EQ(binomial_at_most(3, 3, 0.5), 1);
  EXPECT_EQ(binomial_at_least(1, 3, 0), 0);
  EXPECT_EQ(binomial_at_most(2, 3, 1), 0);
}

TEST(Statistics, QuantileRanksNeedEnoughSamples) {
  EXPECT_EQ(samples_for_quantile(0.99), 299u);
  EXPECT_FALSE(quantile_ranks(298, 0.99).upper);
  EXPECT_EQ(quantile_ranks(299, 0.99).upper, 299u);
  EXPECT_FALSE(quantile_ranks(0, 0.99).upper);
  EXPECT_FALSE(quantile_ranks(0, 0.99).lower);
  EXPECT_FALSE(quantile_ranks(4, 0.5).lower);  // 1/16 > 5 %
  EXPECT_EQ(quantile_ranks(5, 0.5).lower, 1u);
  EXPECT_EQ(quantile_ranks(5, 0.5).upper, 5u);
}

TEST(Statistics, BoundsCoverTheTruth) {
  std::mt19937_64 random(7);
  int share_missed = 0, quantile_missed = 0;
  constexpr int runs = 2000;
  for (int run = 0; run < runs; ++run) {
    std::binomial_distribution<std::uint64_t> failures(400, 0.03);
    const std::uint64_t k = failures(random);
    share_missed += share_upper(k, 400) < 0.03 ? 1 : 0;
    // The uniform law's 0.9-quantile is 0.9: how many of 400 lie below it is binomial.
    std::binomial_distribution<std::uint64_t> below(400, 0.9);
    quantile_missed += below(random) >= *quantile_ranks(400, 0.9).upper ? 1 : 0;
  }
  EXPECT_LE(share_missed, runs * 6 / 100);
  EXPECT_LE(quantile_missed, runs * 6 / 100);
}

TEST(Statistics, SamplesToDecide) {
  EXPECT_NEAR(static_cast<double>(*samples_to_decide(0, 10, 0.01)), 299, 4);
  EXPECT_LE(*samples_to_decide(500, 1000, 0.01), 1000u);
  EXPECT_FALSE(samples_to_decide(10, 1000, 0.01));
  EXPECT_FALSE(samples_to_decide(0, 10, 0));
}

}  // namespace
}  // namespace stormproof::verify
