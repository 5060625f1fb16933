#include "faults/distribution.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace stormproof::faults {
namespace {

using Kind = Distribution::Kind;
using std::chrono::milliseconds;

// Its quantiles over equally spread units, in milliseconds.
double quantile(const Distribution& distribution, double at) {
  std::vector<double> draws;
  for (int i = 0; i < 10'000; ++i)
    draws.push_back(std::chrono::duration<double, std::milli>(distribution.draw((i + 0.5) / 10'000)).count());
  std::ranges::sort(draws);
  return draws[static_cast<std::size_t>(at * 10'000)];
}

TEST(Distribution, FixedIsAlwaysTheSame) {
  const Distribution fixed{.base = milliseconds(70), .jitter = milliseconds(20)};
  EXPECT_EQ(fixed.draw(0), milliseconds(70));
  EXPECT_EQ(fixed.draw(0.999), milliseconds(70));
}

TEST(Distribution, UniformKeepsWithinItsEnds) {
  const Distribution uniform{.kind = Kind::uniform, .base = milliseconds(100), .jitter = milliseconds(30)};
  EXPECT_EQ(uniform.draw(0), milliseconds(70));
  EXPECT_LT(uniform.draw(0.999999999999), milliseconds(130));
  EXPECT_NEAR(quantile(uniform, 0.5), 100, 0.1);
  EXPECT_NEAR(quantile(uniform, 0.25), 85, 0.1);
  const Distribution wide{.kind = Kind::uniform, .base = milliseconds(10), .jitter = milliseconds(30)};
  EXPECT_EQ(wide.draw(0), milliseconds(0));
}

TEST(Distribution, NormalHasItsMeanAndDeviation) {
  const Distribution normal{.kind = Kind::normal, .base = milliseconds(100), .jitter = milliseconds(10)};
  EXPECT_NEAR(quantile(normal, 0.5), 100, 0.1);
  EXPECT_NEAR(quantile(normal, 0.8413), 110, 0.1);
  EXPECT_NEAR(quantile(normal, 0.0228), 80, 0.2);
}

TEST(Distribution, LognormalHasItsP50AndP99) {
  const Distribution lognormal{.kind = Kind::lognormal, .base = milliseconds(20), .p99 = milliseconds(200)};
  EXPECT_NEAR(quantile(lognormal, 0.5), 20, 0.1);
  EXPECT_NEAR(quantile(lognormal, 0.99), 200, 3);
}

TEST(Distribution, ParetoHasItsScaleAndShape) {
  const Distribution pareto{.kind = Kind::pareto, .base = milliseconds(10), .shape = 2};
  EXPECT_EQ(pareto.draw(0), milliseconds(10));
  EXPECT_NEAR(quantile(pareto, 0.75), 20, 0.1);  // 10 / sqrt(0.25)
  EXPECT_NEAR(quantile(pareto, 0.99), 100, 2);
}

TEST(Distribution, NoTailIsLongerThanAllowed) {
  const Distribution pareto{.kind = Kind::pareto, .base = milliseconds(10), .shape = 0.1, .at_most = milliseconds(500)};
  EXPECT_EQ(pareto.draw(0.9999), milliseconds(500));
}

TEST(Distribution, SaysWhatMeansNothing) {
  EXPECT_TRUE(Distribution{}.check());
  EXPECT_FALSE((Distribution{.base = milliseconds(-1)}.check()));
  EXPECT_FALSE((Distribution{.kind = Kind::lognormal, .base = milliseconds(0), .p99 = milliseconds(5)}.check()));
  EXPECT_FALSE((Distribution{.kind = Kind::lognormal, .base = milliseconds(9), .p99 = milliseconds(5)}.check()));
  EXPECT_FALSE((Distribution{.kind = Kind::pareto, .base = milliseconds(9), .shape = 0}.check()));
  EXPECT_FALSE((Distribution{.base = std::chrono::hours(25)}.check()));
  EXPECT_EQ(parse_distribution_kind("pareto").value(), Kind::pareto);
  EXPECT_EQ(to_string(Kind::lognormal), "lognormal");
  EXPECT_FALSE(parse_distribution_kind("poisson"));
}

}  // namespace
}  // namespace stormproof::faults
