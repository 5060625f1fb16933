#include "harness/verify/paired_statistics.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "harness/verify/statistics.h"
#include "tests/verify/paired_draws.h"

namespace stormproof::verify {
namespace {

TEST(PairedStatistics, McNemarIsTheBinomial) {
  EXPECT_DOUBLE_EQ(mcnemar_p(0, 0), 1);
  EXPECT_DOUBLE_EQ(mcnemar_p(10, 0), std::pow(0.5, 10));
  EXPECT_NEAR(mcnemar_p(8, 2), 56.0 / 1024, 1e-12);
  EXPECT_GT(mcnemar_p(50, 50), 0.5);
}

TEST(PairedStatistics, TestsThatCouldNotBecomeSignificantCostNothing) {
  std::vector<DiscreteTest> family(1000, {0.5, 0.5});
  family.push_back({0.008, 0.001});
  const auto found = significant(family, 0.01);
  EXPECT_TRUE(found.back());
  EXPECT_EQ(std::ranges::count(found, true), 1);
  EXPECT_EQ(family_size(family, 0.01), 1U);
  // Where they could have, it counts.
  std::vector<DiscreteTest> able(1000, {0.5, 1e-9});
  able.push_back({0.008, 1e-9});
  EXPECT_FALSE(significant(able, 0.01).back());
  EXPECT_EQ(family_size(able, 0.01), 1001U);
}

TEST(PairedStatistics, AFamilyOfEqualVersionsIsSeldomAccused) {
  // 40 places that differ by noise, in 3 to 60 requests each; at 5 % at most 1 in 20 families has a false one.
  int accused = 0;
  constexpr int families = 1000;
  for (int i = 0; i < families; ++i) {
    const auto seed = static_cast<std::uint64_t>(i);
    std::vector<DiscreteTest> family;
    for (std::uint64_t place = 0; place < 40; ++place) {
      const std::uint64_t unlike = 3 + base::draw(seed, "unlike", place) % 58;
      std::uint64_t b = 0;
      for (std::uint64_t k = 0; k < unlike; ++k) b += base::draw(seed, "side", place * 1000 + k) >> 63;
      family.push_back({mcnemar_p(b, unlike - b), std::pow(0.5, static_cast<double>(unlike))});
    }
    const auto found = significant(family, 0.05);
    accused += std::ranges::count(found, true) > 0 ? 1 : 0;
  }
  EXPECT_LE(share_lower(static_cast<std::uint64_t>(accused), families, 0.999), 0.05) << accused;
}

TEST(PairedStatistics, DiscoveriesStepUp) {
  const std::vector<double> p = {0.9, 0.01, 0.02, 0.03, 0.6};
  EXPECT_EQ(discoveries(p, 0.05), (std::vector<bool>{false, true, true, true, false}));
  EXPECT_TRUE(discoveries({}, 0.05).empty());
}

TEST(PairedStatistics, HodgesLehmannIsTheMedianOfPairMeans) {
  const std::vector<float> values = {1, 2, 10};
  EXPECT_DOUBLE_EQ(hodges_lehmann(values), 3.75);  // 1, 1.5, 2, 5.5, 6, 10
  EXPECT_DOUBLE_EQ(hodges_lehmann(std::vector<float>{7}), 7);
}

using Draw = std::function<double(std::uint64_t seed, std::uint64_t i, double before)>;

// How often the one-sided bounds at 95 % are on the right side of the truth, which is 0.
void expect_coverage(const Draw& draw, std::size_t n, std::string_view what) {
  constexpr std::uint64_t cases = 400;
  std::uint64_t lower_wrong = 0;
  std::uint64_t upper_wrong = 0;
  for (std::uint64_t seed = 0; seed < cases; ++seed) {
    std::vector<float> values;
    double before = 0;
    for (std::size_t i = 0; i < n; ++i) values.push_back(static_cast<float>(before = draw(seed, i, before)));
    const auto location = location_of(values, 60);
    ASSERT_TRUE(location.has_value());
    lower_wrong += location->lower(0.95) > 0 ? 1 : 0;
    upper_wrong += location->upper(0.95) < 0 ? 1 : 0;
  }
  EXPECT_LE(share_lower(lower_wrong, cases, 0.999), 0.05) << what << ": " << lower_wrong;
  EXPECT_LE(share_lower(upper_wrong, cases, 0.999), 0.05) << what << ": " << upper_wrong;
}

TEST(PairedStatistics, TheIntervalOfARatioCoversIt) {
  const Draw gaussian = [](std::uint64_t seed, std::uint64_t i, double) { return 0.3 * normal(seed, "n", i); };
  expect_coverage(gaussian, 60, "normal, 60");
  expect_coverage(gaussian, 600, "normal, 600");
  expect_coverage(
      [](std::uint64_t seed, std::uint64_t i, double) {
        const double scale = base::draw_unit(seed, "rare", i) < 0.05 ? 3 : 0.1;  // a stall on either side
        return scale * normal(seed, "n", i);
      },
      300, "stalls");
  expect_coverage(
      [](std::uint64_t seed, std::uint64_t i, double before) { return 0.5 * before + 0.2 * normal(seed, "n", i); }, 600,
      "each depends on the one before");
}

// One process stays on the busier processor for a while: what follows is as slow as what was before.
TEST(PairedStatistics, TheIntervalCoversWhatLastsForASecondOfHalfAMinute) {
  expect_coverage(
      [](std::uint64_t seed, std::uint64_t i, double) {
        constexpr std::uint64_t second = 100;
        return 0.05 * normal(seed, "busy", i / second) + 0.3 * normal(seed, "n", i);
      },
      3000, "a second at a time");
}

TEST(PairedStatistics, WhatTookLessThanSecondsIsNoProofOfAFewPercent) {
  std::vector<float> values;
  for (std::uint64_t i = 0; i < 2000; ++i) values.push_back(static_cast<float>(0.06 + 0.1 * normal(1, "n", i)));
  const auto brief = location_of(values, 1);
  const auto longer = location_of(values, 5);
  ASSERT_TRUE(brief && longer);
  EXPECT_GT(brief->p_above(0.02), 0.01);
  EXPECT_LT(longer->p_above(0.02), 0.001);
  EXPECT_EQ(brief->lower(0.95), longer->lower(0.95)) << "what was measured is what it was";
  for (float& value : values) value += 0.2F;
  EXPECT_LT(location_of(values, 1)->p_above(0.02), 0.001);
}

TEST(PairedStatistics, TooFewHaveNoInterval) {
  EXPECT_FALSE(location_of(std::vector<float>(location_samples_min - 1), 60).has_value());
  EXPECT_TRUE(location_of(std::vector<float>(location_samples_min), 60).has_value());
}

TEST(PairedStatistics, TailsAreFoundAndCovered) {
  constexpr std::size_t n = 2000;
  std::uint64_t wrong = 0;
  std::uint64_t found = 0;
  constexpr std::uint64_t cases = 40;
  for (std::uint64_t seed = 0; seed < cases; ++seed) {
    std::vector<float> baseline;
    std::vector<float> same;
    std::vector<float> slow;
    for (std::size_t i = 0; i < n; ++i) {
      baseline.push_back(static_cast<float>(std::exp(0.4 * normal(seed, "b", i))));
      same.push_back(static_cast<float>(std::exp(0.4 * normal(seed, "c", i))));
      const bool stall = base::draw_unit(seed, "stall", i) < 0.03;
      slow.push_back(same.back() * (stall ? 5.0F : 1.0F));
    }
    const auto equal = tail_ratio(baseline, same, 0.95, seed);
    const auto worse = tail_ratio(baseline, slow, 0.99, seed);
    ASSERT_TRUE(equal && worse);
    wrong += equal->lower(0.95) > 0 ? 1 : 0;
    found += worse->p_above(std::log(1.1)) < 0.01 ? 1 : 0;
  }
  EXPECT_LE(share_lower(wrong, cases, 0.999), 0.05) << wrong;
  EXPECT_GE(found, cases - 2);
  EXPECT_FALSE(tail_ratio(std::vector<float>(200, 1), std::vector<float>(200, 1), 0.99, 1).has_value());
}

TEST(PairedStatistics, FailuresAboveAndBelowAMargin) {
  EXPECT_LT(p_failures_above(10, 0, 2000, 0.001), 1e-3) << "one in 200, against one in 1000 allowed";
  EXPECT_GT(p_failures_above(10, 0, 2000, 0.01), 0.5);
  EXPECT_GT(p_failures_above(10, 10, 2000, 0), 0.4);
  EXPECT_LE(p_failures_below(0, 0, 299, 0.01), 0.05) << "the rule of three";
  EXPECT_GT(p_failures_below(0, 0, 298, 0.01), 0.05);
  EXPECT_LE(p_failures_below(10, 10, 2000, 0.01), 0.05);
  EXPECT_DOUBLE_EQ(p_failures_below(0, 0, 0, 0.01), 1);
}

}  // namespace
}  // namespace stormproof::verify
