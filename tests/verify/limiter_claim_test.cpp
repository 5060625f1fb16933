#include "harness/verify/limiter_claim.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stormproof::verify {
namespace {

scenarios::RateLimitExpectation claim(std::string algorithm) {
  return {.rate_per_second = 20, .burst = 10, .algorithm = std::move(algorithm)};
}

TEST(LimiterClaim, IsHeldAgainstWhatIsTold) {
  Classification found{.what = LimiterClass::sliding_log,
                       .fits = {{.what = LimiterClass::sliding_log},
                                {.what = LimiterClass::token_bucket, .contradictions = 50},
                                {.what = LimiterClass::fixed_window, .contradictions = 5}},
                       .decisions = 500,
                       .evidence = "a sliding log of 20 explains all"};
  EXPECT_EQ(check_algorithm(found, claim("sliding-log")).verdict, Verdict::holds);
  EXPECT_EQ(check_algorithm(found, claim("token-bucket")).verdict, Verdict::violated);
  EXPECT_EQ(check_algorithm(found, claim("token-bucket")).measured, "a sliding log of 20 explains all");
  const Check near = check_algorithm(found, claim("fixed-window"));
  EXPECT_EQ(near.verdict, Verdict::inconclusive);
  EXPECT_THAT(near.missing, testing::HasSubstr("5 decisions"));
  found.what.reset();
  found.missing = "they decide alike";
  EXPECT_EQ(check_algorithm(found, claim("token-bucket")).verdict, Verdict::inconclusive);
  EXPECT_EQ(check_algorithm(found, claim("token-bucket")).missing, "they decide alike");
}

TEST(LimiterClaim, HasWords) {
  EXPECT_EQ(algorithm_claim(claim("penalised")), "it decides as a window in which the refused count, too,");
  for (const LimiterClass what : limiter_classes) EXPECT_FALSE(name_of(what).empty());
  EXPECT_FALSE(classified({}, claim("penalised"), true).what);
}

}  // namespace
}  // namespace stormproof::verify
