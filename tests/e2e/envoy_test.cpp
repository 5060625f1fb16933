// Envoy, the real one: outlier detection, circuit_breakers, local_ratelimit and a retry budget, each as it should be set and as
// it is found in the field, its defaults among them.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/e2e/judged.h"
#include "tests/e2e/limit_probe.h"
#include "tests/e2e/program.h"
#include "tests/subjects/envoy/envoy.h"
#include "tests/subjects/nginx/nginx.h"
#include "tests/support/files.h"
#include "tests/support/ports.h"
#include "tests/support/temp_dir.h"

namespace stormproof::e2e {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using subjects::Envoy;
using subjects::Nginx;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

// What goes wrong with the first of its endpoints (`a`; another one is `b`), and what is claimed meanwhile and after that.
struct Trial {
  std::string_view fault;
  std::string_view lasts;
  std::string_view claim;
  std::string_view recovery = "300ms";
  std::string_view afterwards = "errors: {at-most: 100%}";
};

constexpr std::string_view scenario = R"(version: 1
name: envoy and its payments
topology:
  service: {{name: shop, candidate: {{url: "http://127.0.0.1:{}"}}}}
  dependencies:
    a: {{proxy: "127.0.0.1:{}", upstream: "http://127.0.0.1:{}"}}
    b: {{proxy: "127.0.0.1:{}", upstream: "http://127.0.0.1:{}"}}
traffic: {{capture: "{}", rate: 150/s}}
steady-state: {{for: 2200ms, expect: [errors: {{at-most: 1%}}]}}
phases:
  - name: a is hurt
    for: {}
    faults: [{{on: a, {}}}]
    expect: [{}]
  - name: a is well again
    for: {}
    expect: [{}]
)";

class EnvoyRun : public testing::Test {
 protected:
  void SetUp() override {
    if (const auto why = Envoy::missing()) {
      if (subjects::skip_is_failure()) FAIL() << *why;
      GTEST_SKIP() << *why;
    }
    auto nginx = Nginx::start({});
    ASSERT_TRUE(nginx.has_value()) << nginx.error().to_string();
    nginx_.emplace(std::move(*nginx));
  }

  // With `replicas` endpoints. Each try has an Envoy of its own: how long it ejects depends on what was before.
  Judged judged(Envoy::Options options, int replicas, const Trial& trial) {
    const auto capture = folder_.path() / "checkout.traffic";
    const auto file = folder_.path() / "scenario.yaml";
    record_checkouts(nginx_->port(), capture, 40);
    return judge_file(folder_, file, [&] {
      const std::uint16_t a = support::free_port();
      const std::uint16_t b = support::free_port();
      options.endpoints = {a};
      if (replicas == 2) options.endpoints.push_back(b);
      envoy_.reset();
      auto envoy = Envoy::start(options);
      ASSERT_TRUE(envoy.has_value()) << envoy.error().to_string();
      envoy_.emplace(std::move(*envoy));
      ASSERT_TRUE(support::write_file(
          file, fmt::format(scenario, envoy_->port(), a, nginx_->port(), b, nginx_->port(), capture.string(),
                            trial.lasts, trial.fault, trial.claim, trial.recovery, trial.afterwards)));
    });
  }

  // Claimed: a bucket of 120/s with a burst of 20, for all.
  Judged limited(Envoy::Limit limit) {
    auto envoy = Envoy::start({.endpoints = {nginx_->port()}, .limit = limit});
    if (!envoy) {
      ADD_FAILURE() << envoy.error().to_string();
      return {};
    }
    envoy_.emplace(std::move(*envoy));
    // So few a second that an answer which is 20 ms late, on a busy machine, is still of less than one admission.
    return probed(envoy_->port(), "rate-limit", "{rate: 40/s, burst: 20, algorithm: token-bucket}");
  }

  support::TempDir folder_;
  std::optional<Nginx> nginx_;
  std::optional<Envoy> envoy_;
};

constexpr std::string_view fails = "abort: {status: 503}";

TEST_F(EnvoyRun, OutlierDetectionIsABreakerThatSleepsLongerEachTime) {
  const auto run = judged({.ejection = Envoy::Ejection{.base = milliseconds(500)}}, 1,
                          {.fault = fails,
                           .lasts = "3300ms",
                           .claim = "circuit-breaker: {on: a, opens-within: 1s, leaks-at-most: 0}",
                           .recovery = "2700ms",
                           .afterwards = "circuit-breaker: {on: a, closes-within: 2500ms}"});
  EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
  EXPECT_THAT(run.out, AllOf(HasSubstr("(5 failed calls, 5 calls in all"), Not(HasSubstr("VIOLATED"))));
  EXPECT_THAT(run.summaries(), AllOf(HasSubstr("longer each time and let 5 calls through half-open"),
                                     HasSubstr("as by default does Envoy's outlier detection (2 of 3 marks")));
  EXPECT_EQ(run.instants("opened") + run.instants("reopened"),
            envoy_->counter("cluster.payments.outlier_detection.ejections_enforced_total"));
}

// Envoy brings changes of health to its workers a second after the last one: an ejection that comes soon after a return waits
// so long, and all calls fail meanwhile. With ejections of more than a second nobody sees it.
TEST_F(EnvoyRun, WithItsDefaultMergeWindowItLeaks) {
  const auto run =
      judged({.ejection = Envoy::Ejection{.base = milliseconds(500), .merged_for = seconds(1)}}, 1,
             {.fault = fails,
              .lasts = "3500ms",
              .claim = "circuit-breaker: {on: a, opens-within: 1s, leaks-at-most: 0, probes-every: 500ms ± 20%}"});
  EXPECT_EQ(run.exit_code, 1) << run.out << run.err;
  EXPECT_THAT(run.out, AllOf(HasSubstr("opens-within: HOLDS"), HasSubstr("VIOLATED      circuit-breaker on a")));
}

constexpr Trial replica_fails = {.fault = fails,
                                 .lasts = "3200ms",
                                 .claim = "failover: {on: a, others: [b], leaves-within: 1s, others-take-over: true}",
                                 .recovery = "3s",
                                 .afterwards = "failover: {on: a, others: [b], returns-within: 1500ms}"};

TEST_F(EnvoyRun, OutlierDetectionLeavesAReplicaAndComesBack) {
  const auto run = judged({.ejection = Envoy::Ejection{.base = milliseconds(3400)}}, 2, replica_fails);
  EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
  EXPECT_THAT(run.out, AllOf(HasSubstr("HOLDS         failover on a [a is hurt]"),
                             HasSubstr("HOLDS         failover on a [a is well again]")));
  EXPECT_EQ(envoy_->counter("cluster.payments.outlier_detection.ejections_enforced_total"), 1u);
}

TEST_F(EnvoyRun, WithItsDefaultOfTenPercentItLeavesNoneOfTwo) {
  Trial trial = replica_fails;
  trial.recovery = "300ms";
  trial.afterwards = "errors: {at-most: 100%}";
  const auto run = judged({.ejection = Envoy::Ejection{.base = milliseconds(3400), .most_percent = 10}}, 2, trial);
  EXPECT_EQ(run.exit_code, 1) << run.out << run.err;
  EXPECT_THAT(run.out, HasSubstr("VIOLATED      failover on a [a is hurt]"));
  EXPECT_EQ(envoy_->counter("cluster.payments.outlier_detection.ejections_enforced_total"), 0u);
}

constexpr Trial slow = {.fault = "latency: 300ms", .lasts = "1500ms", .claim = "bulkhead: {on: a, calls-at-most: 10}"};

TEST_F(EnvoyRun, MaxRequestsIsABulkhead) {
  const auto run = judged({.requests_at_once = 10}, 1, slow);
  EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
  EXPECT_THAT(run.out, AllOf(HasSubstr("HOLDS         bulkhead on a"), HasSubstr("10 calls at once at most")));
  EXPECT_GE(envoy_->counter("cluster.payments.upstream_rq_pending_overflow"), 50u);
}

TEST_F(EnvoyRun, WithoutItThereIsNone) {
  const auto run = judged({}, 1, slow);
  EXPECT_EQ(run.exit_code, 1) << run.out << run.err;
  EXPECT_THAT(run.out, HasSubstr("VIOLATED      bulkhead on a"));
}

// So slowly that some twenty are under way: the budget is a share of those.
constexpr Trial fails_slowly = {.fault = "latency: 200ms, abort: {status: 503}",
                                .lasts = "2500ms",
                                .claim = "retries: {on: a, attempts-at-most: 4, amplification-at-most: 1.5x}"};

TEST_F(EnvoyRun, ARetryBudgetHolds) {
  const auto run = judged({.retries = 3, .retry_budget_percent = 20}, 1, fails_slowly);
  EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
  EXPECT_THAT(run.out, HasSubstr("HOLDS         retries on a"));
  const auto retries = envoy_->counter("cluster.payments.upstream_rq_retry");
  EXPECT_GE(retries, 30u);
  EXPECT_LE(retries, 150u) << "of about 370 requests";
}

TEST_F(EnvoyRun, RetriesWithoutABudgetAreViolated) {
  const auto run = judged({.retries = 3, .retries_at_once = 1024}, 1, fails_slowly);
  EXPECT_EQ(run.exit_code, 1) << run.out << run.err;
  EXPECT_THAT(run.out, AllOf(HasSubstr("attempts-at-most: HOLDS"), HasSubstr("VIOLATED      retries on a")));
}

TEST_F(EnvoyRun, LocalRatelimitIsABucket) {
  const auto run = limited({.per_second = 40, .burst = 20});
  EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
  EXPECT_THAT(run.out, HasSubstr("a token bucket (or GCRA) of 40/s and 20 at once explains"));
  const auto rate = run.estimate("rate");
  const auto burst = run.estimate("burst");
  ASSERT_TRUE(rate && burst) << run.out;
  EXPECT_TRUE(rate->low <= 40.0 && 40.0 <= rate->high) << rate->low << " to " << rate->high;
  EXPECT_TRUE(burst->low - 1 < 20.0 && 20.0 < burst->high + 1) << burst->low << " to " << burst->high;
}

TEST_F(EnvoyRun, ABucketForEachConnectionIsViolated) {
  const auto run = limited({.per_second = 40, .burst = 20, .each_connection = true});
  EXPECT_EQ(run.exit_code, 1) << run.out << run.err;
  EXPECT_THAT(run.out, HasSubstr("VIOLATED      rate-limit"));
}

}  // namespace
}  // namespace stormproof::e2e
