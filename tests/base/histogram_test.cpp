#include "harness/base/histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "harness/base/seed.h"

namespace stormproof::base {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

Histogram of(std::initializer_list<Nanoseconds> values) {
  Histogram histogram;
  for (const auto value : values) histogram.add(value);
  return histogram;
}

TEST(Histogram, AnEmptyOneIsAllZero) {
  const Histogram histogram;
  EXPECT_EQ(histogram.count(), 0u);
  EXPECT_EQ(histogram.min(), Nanoseconds(0));
  EXPECT_EQ(histogram.max(), Nanoseconds(0));
  EXPECT_EQ(histogram.mean(), Nanoseconds(0));
  EXPECT_EQ(histogram.quantile(0.99), Nanoseconds(0));
}

TEST(Histogram, OneValueIsEveryQuantile) {
  const Histogram histogram = of({milliseconds(250)});
  for (const double q : {0.0, 0.5, 0.99, 1.0}) EXPECT_EQ(histogram.quantile(q), milliseconds(250));
  EXPECT_EQ(histogram.min(), milliseconds(250));
  EXPECT_EQ(histogram.max(), milliseconds(250));
  EXPECT_EQ(histogram.mean(), milliseconds(250));
}

TEST(Histogram, SmallValuesAreExact) {
  Histogram histogram;
  for (int ns = 1; ns <= 2000; ++ns) histogram.add(Nanoseconds(ns));
  EXPECT_EQ(histogram.quantile(0.5), Nanoseconds(1000));
  EXPECT_EQ(histogram.quantile(0.9), Nanoseconds(1800));
  EXPECT_EQ(histogram.quantile(0.999), Nanoseconds(1998));
  EXPECT_EQ(histogram.quantile(0), Nanoseconds(1));
}

// q is a binary fraction just above or below what was written: 0.55 of 100 values is 55 of them, not 56.
TEST(Histogram, ARoundShareOfARoundCountIsThatRank) {
  Histogram histogram;
  for (int ns = 1; ns <= 100; ++ns) histogram.add(Nanoseconds(ns));
  for (int percent = 1; percent <= 100; ++percent) {
    EXPECT_EQ(histogram.quantile(percent / 100.0), Nanoseconds(percent));
  }
}

TEST(Histogram, AQuantileIsAtMostAThousandthAboveTheExactOneAndNeverBelow) {
  std::vector<Nanoseconds> values;
  Histogram histogram;
  for (std::uint64_t i = 0; i < 100'000; ++i) {
    const double exponent = 1 + draw_unit(1, "value", i) * 10;  // 10 ns to 100 s
    const Nanoseconds value(static_cast<std::int64_t>(std::pow(10.0, exponent)));
    values.push_back(value);
    histogram.add(value);
  }
  std::ranges::sort(values);
  for (const double q : {0.001, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 0.999, 0.9999, 1.0}) {
    const auto rank = static_cast<std::size_t>(std::llround(q * 100'000));
    const auto exact = static_cast<double>(values[rank - 1].count());
    const auto got = static_cast<double>(histogram.quantile(q).count());
    EXPECT_GE(got, exact) << q;
    EXPECT_LE(got, exact * (1 + 1.0 / 1024)) << q;
  }
}

TEST(Histogram, EveryPowerOfTwoAndItsNeighboursKeepTheRelativeError) {
  for (int bit = 0; bit < 42; ++bit) {
    for (const std::int64_t offset : {-1, 0, 1}) {
      const std::int64_t value = (std::int64_t{1} << bit) + offset;
      Histogram histogram = of({Nanoseconds(value), hours(1)});  // the hour keeps max() out of the way
      const std::int64_t got = histogram.quantile(0.5).count();
      if (value > hours(1) / Nanoseconds(1)) continue;
      EXPECT_GE(got, value);
      EXPECT_LE(got - value, value / 1024);
    }
  }
}

TEST(Histogram, NeverSaysMoreThanTheMaximum) {
  const Histogram histogram = of({Nanoseconds(1'000'001)});
  EXPECT_EQ(histogram.quantile(1), Nanoseconds(1'000'001));
}

TEST(Histogram, ANegativeValueCountsAsZero) {
  const Histogram histogram = of({Nanoseconds(-5), Nanoseconds(10)});
  EXPECT_EQ(histogram.min(), Nanoseconds(0));
  EXPECT_EQ(histogram.quantile(0.5), Nanoseconds(0));
  EXPECT_EQ(histogram.mean(), Nanoseconds(5));
}

TEST(Histogram, ValuesAboveItsRangeKeepTheMaximumExact) {
  const Histogram histogram = of({seconds(1), hours(24 * 365)});
  EXPECT_EQ(histogram.max(), hours(24 * 365));
  EXPECT_EQ(histogram.quantile(1), hours(24 * 365));
  EXPECT_LE(histogram.quantile(0.5), milliseconds(1001));
}

TEST(Histogram, AShareOutsideZeroToOneIsTheNearestEnd) {
  const Histogram histogram = of({microseconds(1), microseconds(2)});
  EXPECT_EQ(histogram.quantile(-1), microseconds(1));
  EXPECT_EQ(histogram.quantile(2), microseconds(2));
}

TEST(Histogram, MergingIsAsIfAllWereAddedToOne) {
  Histogram all;
  Histogram even;
  Histogram odd;
  for (std::uint64_t i = 0; i < 10'000; ++i) {
    const Nanoseconds value(static_cast<std::int64_t>(draw(2, "value", i) % 1'000'000'000));
    all.add(value);
    (i % 2 == 0 ? even : odd).add(value);
  }
  Histogram merged;
  merged.merge(even);
  merged.merge(Histogram{});
  merged.merge(odd);
  EXPECT_EQ(merged.count(), all.count());
  EXPECT_EQ(merged.min(), all.min());
  EXPECT_EQ(merged.max(), all.max());
  EXPECT_EQ(merged.mean(), all.mean());
  for (int percent = 0; percent <= 100; ++percent) {
    EXPECT_EQ(merged.quantile(percent / 100.0), all.quantile(percent / 100.0));
  }
}

}  // namespace
}  // namespace stormproof::base
