// `stormproof run` with a phase that probes a rate limit: real limiters, found out.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/e2e/limit_probe.h"
#include "tests/subjects/limiters/limiters.h"
#include "tests/subjects/nginx/nginx.h"

namespace stormproof::e2e {
namespace {

using subjects::Limiters;
using subjects::Nginx;
using ::testing::AllOf;
using ::testing::HasSubstr;

class RateProbeRun : public testing::Test {
 protected:
  void SetUp() override {
    if (!Nginx::program()) GTEST_SKIP() << "nginx is not installed";
  }
  static void need_node() {
    const auto reason = Limiters::missing();
    if (reason && Limiters::skip_is_failure()) FAIL() << *reason;
    if (reason) GTEST_SKIP() << *reason;
  }
};

TEST_F(RateProbeRun, NginxIsABucketForEachKeyAndOneForAllPaths) {
  auto nginx = Nginx::start({.limit = Nginx::Limit{.per_second = 60, .burst = 14}});
  ASSERT_TRUE(nginx.has_value()) << nginx.error().message;
  const auto finished = probed(nginx->port(),
                               "{rate-limit: {vary: [{header: {X-Api-Key: b}, quota: own}, {path: /checkout/99, quota: "
                               "shared}, {source: 127.0.0.2, quota: shared}]}}",
                               "{rate: 60/s, burst: 15, algorithm: token-bucket, status: 503}");
  EXPECT_EQ(finished.exit_code, 0) << finished.out << finished.err;
  EXPECT_THAT(finished.out, AllOf(HasSubstr("HOLDS         rate-limit"), HasSubstr("a token bucket (or GCRA) of 60/s"),
                                  HasSubstr("a quota of its own"), HasSubstr("it shares the quota")));
}

TEST_F(RateProbeRun, NginxWithDelayIsAQueueAndNotABucket) {
  auto nginx = Nginx::start({.limit = Nginx::Limit{.per_second = 60, .burst = 14, .delayed = true}});
  ASSERT_TRUE(nginx.has_value()) << nginx.error().message;
  const auto finished =
      probed(nginx->port(), "rate-limit", "{rate: 60/s, burst: 15, algorithm: token-bucket, status: 503}");
  EXPECT_EQ(finished.exit_code, 1) << finished.out << finished.err;
  EXPECT_THAT(finished.out, AllOf(HasSubstr("VIOLATED      rate-limit"), HasSubstr("a leaky queue of 60/s")));
}

TEST_F(RateProbeRun, ExpressIsAWindowThatSpeaksTheTruth) {
  need_node();
  auto service = Limiters::start({.kind = "express", .quota = 30});
  ASSERT_TRUE(service.has_value()) << service.error().message;
  const auto finished = probed(service->port(), "rate-limit",
                               "{rate: 30/s, window: 1s, algorithm: fixed-window, truthful-headers: true}");
  EXPECT_EQ(finished.exit_code, 0) << finished.out << finished.err;
  EXPECT_THAT(finished.out, AllOf(HasSubstr("HOLDS         rate-limit"), HasSubstr("a fixed window of 30 in 1.00 s")));
}

TEST_F(RateProbeRun, AServiceWhoseHeadersLieIsViolated) {
  need_node();
  auto service = Limiters::start({.kind = "flexible", .quota = 30, .lies = true});
  ASSERT_TRUE(service.has_value()) << service.error().message;
  const auto finished = probed(service->port(), "rate-limit",
                               "{rate: 30/s, window: 1s, truthful-headers: true, truthful-retry-after: true}");
  EXPECT_EQ(finished.exit_code, 1) << finished.out << finished.err;
  EXPECT_THAT(finished.out, AllOf(HasSubstr("rate: HOLDS"), HasSubstr("answers were wrong (")));
}

}  // namespace
}  // namespace stormproof::e2e
