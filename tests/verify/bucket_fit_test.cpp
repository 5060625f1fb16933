#include "harness/verify/bucket_fit.h"

#include <gtest/gtest.h>

namespace stormproof::verify {
namespace {

using What = Decision::What;

// A bucket of 10/s and 3 at once, asked 40 times a second; with `queues`, who is admitted waits for his turn.
Rulings bucket(bool queues) {
  Rulings all;
  double level = 3;
  for (int i = 0; i < 400; ++i) {
    const double at = i / 40.0 + (i >= 200 ? 2 : 0);
    level = std::min(3.0, i == 0 ? 3.0 : level + 10 * (at - all.back().begin));
    const bool admitted = level >= 1 - 1e-9;
    const double wait = queues ? (3 - level) / 10 : 0;
    if (admitted) level -= 1;
    all.push_back({at, at + 0.001, at + 0.001 + (admitted ? wait : 0), admitted ? What::admitted : What::refused});
  }
  return all;
}

TEST(BucketFit, FindsRateAndBurst) {
  const Fit fit = fit_bucket(bucket(false), {9, 10, 11}, {2, 3, 4}, true);
  EXPECT_EQ(fit.contradictions, 0U);
  EXPECT_EQ(fit.at_once, 3);
  EXPECT_NEAR(fit.per_second, 10, 0.11);
  EXPECT_GT(fit_bucket(bucket(false), {20}, {3}, true).contradictions, 20U);
  EXPECT_GT(fit_bucket(bucket(false), {10}, {6}, true).contradictions, 2U);
}

TEST(BucketFit, WhoWaitsIsInAQueue) {
  const Fit fit{.at_once = 3, .per_second = 10};
  ASSERT_TRUE(queueing(bucket(true), fit));
  EXPECT_NEAR(*queueing(bucket(true), fit), 1, 0.1);
  EXPECT_NEAR(*queueing(bucket(false), fit), 0, 0.1);
  EXPECT_FALSE(queueing({}, fit));
}

}  // namespace
}  // namespace stormproof::verify
