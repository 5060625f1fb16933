#include "harness/base/seed.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <set>
#include <string>

namespace stormproof::base {
namespace {

// Golden numbers: a seed that somebody wrote down years ago must give the same run. They may never change.
TEST(Seed, DrawsAreTheSameForEver) {
  EXPECT_EQ(draw(0, "", 0), 17339862237561379039u);
  EXPECT_EQ(draw(1, "payments down#1", 1), 11757425757111080878u);
  EXPECT_EQ(draw(42, "payments down#1", 1), 15545896724740881079u);
  EXPECT_EQ(draw(42, "payments down#1", 2), 4406186818808975461u);
  EXPECT_EQ(draw(42, "payments down#2", 1), 17866462301613037502u);
  EXPECT_EQ(draw(~0ull, "é", ~0ull), 13793107970300403272u);
  EXPECT_EQ(identity_of(""), 3244421341483603138u);
  EXPECT_EQ(identity_of("GET /cart"), 2245146604524555440u);
}

TEST(Seed, AUnitDrawIsTheSameDrawBetweenZeroAndOne) {
  for (std::uint64_t i = 0; i < 10'000; ++i) {
    const double unit = draw_unit(9, "rule", i);
    ASSERT_GE(unit, 0.0);
    ASSERT_LT(unit, 1.0);
    ASSERT_EQ(unit, std::ldexp(static_cast<double>(draw(9, "rule", i) >> 11), -53));
  }
}

TEST(Seed, SeedRuleAndIdentityEachChangeTheDraw) {
  std::set<std::uint64_t> draws;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    for (std::uint64_t rule = 0; rule < 20; ++rule) {
      for (std::uint64_t identity = 0; identity < 20; ++identity)
        draws.insert(draw(seed, std::to_string(rule), identity));
    }
  }
  EXPECT_EQ(draws.size(), 8000u);
}

TEST(Seed, DrawsAreSpreadEvenly) {
  constexpr int buckets = 20;
  constexpr int count = 100'000;
  std::array<int, buckets> seen = {};
  for (std::uint64_t i = 0; i < count; ++i) ++seen[static_cast<std::size_t>(draw_unit(4, "latency", i) * buckets)];
  double chi_square = 0;
  for (const int n : seen) chi_square += std::pow(n - count / buckets, 2) / (count / buckets);
  EXPECT_LT(chi_square, 43.8) << "19 degrees of freedom, 0.1 %";
}

// Two rules with the same share must not pick the same requests.
TEST(Seed, TwoRulesDrawIndependently) {
  int both = 0;
  constexpr int count = 100'000;
  for (std::uint64_t i = 0; i < count; ++i) {
    if (draw_unit(4, "a", i) < 0.1 && draw_unit(4, "b", i) < 0.1) ++both;
  }
  EXPECT_NEAR(both, 1000, 100);
}

}  // namespace
}  // namespace stormproof::base
