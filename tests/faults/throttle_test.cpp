#include "faults/throttle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stormproof::faults {
namespace {

TEST(Throttle, ABucketFillsWithTheTimeAndNeverOverflows) {
  const Throttle throttle{.per_second = 10, .burst = 2};
  Quota quota;
  const auto at = [](int milliseconds) { return base::Time(std::chrono::milliseconds(milliseconds)); };
  EXPECT_TRUE(quota.take(throttle, at(0)));
  EXPECT_TRUE(quota.take(throttle, at(0)));
  EXPECT_FALSE(quota.take(throttle, at(50)));
  EXPECT_TRUE(quota.take(throttle, at(101)));
  EXPECT_FALSE(quota.take(throttle, at(101)));
  EXPECT_TRUE(quota.take(throttle, at(100'000)));
  EXPECT_TRUE(quota.take(throttle, at(100'000)));
  EXPECT_FALSE(quota.take(throttle, at(100'000)));
}

TEST(Throttle, RetryAfterIsInWholeSecondsRoundedUp) {
  EXPECT_EQ((Throttle{.per_second = 10}).answer().headers.at("Retry-After"), "1");
  EXPECT_EQ((Throttle{.per_second = 0.3}).answer().headers.at("Retry-After"), "4");
  EXPECT_EQ((Throttle{.per_second = 1, .burst = 1, .status = 503, .retry_after = std::chrono::milliseconds(2001)})
                .answer()
                .headers.at("Retry-After"),
            "3");
}

}  // namespace
}  // namespace stormproof::faults
