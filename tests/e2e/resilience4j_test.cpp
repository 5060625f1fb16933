// resilience4j in a real Java service: its breaker, its bulkhead and its rate limiter, as they are meant and with mistakes that people make with them.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/e2e/limit_probe.h"
#include "tests/e2e/outage_run.h"
#include "tests/subjects/resilience4j/resilience4j.h"
#include "tests/subjects/service.h"
#include "tests/subjects/truth.h"

namespace stormproof::e2e {
namespace {

using subjects::Resilience4j;
using subjects::Service;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class Resilience4jRun : public OutageRun {
 protected:
  std::optional<std::string> missing() const override { return Resilience4j::missing(); }
  Judged with(std::string kind, std::string defect) {
    return judged(Resilience4j::command({.port = outage_.service_port,
                                         .kind = std::move(kind),
                                         .payments = payments(),
                                         .defect = std::move(defect),
                                         .truth = truth()}));
  }
};

TEST_F(Resilience4jRun, ItHoldsAndSleepsAsItLogged) {
  const auto run = with("breaker", "none");
  if (run.lagged) {
    EXPECT_NE(run.exit_code, 1) << run.out;
    GTEST_SKIP() << "this machine lagged, three times";
  }
  EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
  EXPECT_THAT(run.out, Not(HasSubstr("VIOLATED")));
  const auto sleep = run.estimate("sleep window");
  ASSERT_TRUE(sleep.has_value()) << run.out;
  EXPECT_LE(sleep->low, 0.5);
  EXPECT_GE(sleep->high, 0.5);
  const auto log = subjects::read_truth(truth());
  ASSERT_TRUE(log.has_value()) << log.error().to_string();
  EXPECT_EQ(run.instants("opened") + run.instants("reopened"), subjects::times_of(*log, "open").size());
  EXPECT_THAT(run.summaries(), HasSubstr("let 3 calls through half-open"));
}

TEST_F(Resilience4jRun, WhoKeepsThePermitsIsViolated) {
  const auto run = with("breaker", "keeps-permits");
  if (run.lagged) {
    EXPECT_NE(run.exit_code, 0) << run.out;
    GTEST_SKIP() << "this machine lagged, three times";
  }
  EXPECT_EQ(run.exit_code, 1) << run.out << run.err;
  EXPECT_THAT(run.out, AllOf(HasSubstr("opens-within: HOLDS"),
                             HasSubstr("VIOLATED      circuit-breaker on payments [recovery]")));
}

constexpr std::string_view walled = R"(version: 1
name: a slow payments takes its share of the shop and no more
topology:
  service: {{name: shop, candidate: {{url: "http://127.0.0.1:{}"}}}}
  dependencies:
    payments: {{proxy: "127.0.0.1:{}", upstream: "http://127.0.0.1:{}"}}
traffic: {{capture: "{}", rate: 150/s}}
steady-state: {{for: 2200ms, expect: [errors: {{at-most: 1%}}]}}
phases:
  - name: payments is slow
    for: 2s
    faults: [{{on: payments, latency: 300ms}}]
    expect: [bulkhead: {{on: payments, calls-at-most: 10}}]
)";

class Resilience4jBulkheadRun : public Resilience4jRun {
 protected:
  Judged with(std::string defect) {
    const auto service = Service::start([&](std::uint16_t port, const std::filesystem::path&) {
      outage_.service_port = port;
      return Resilience4j::command(
          {.port = port, .kind = "bulkhead", .payments = payments(), .defect = std::move(defect)});
    });
    if (!service) {
      ADD_FAILURE() << service.error().to_string();
      return {};
    }
    return judge(folder_, fmt::format(walled, outage_.service_port, outage_.payments_proxy, outage_.payments,
                                      outage_.capture.string()));
  }
};

TEST_F(Resilience4jBulkheadRun, ItHolds) {
  const auto run = with("none");
  if (run.lagged) {
    EXPECT_NE(run.exit_code, 1) << run.out;
    GTEST_SKIP() << "this machine lagged, three times";
  }
  EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
  EXPECT_THAT(run.out, AllOf(HasSubstr("HOLDS         bulkhead on payments"), HasSubstr("10 calls at once at most")));
}

TEST_F(Resilience4jBulkheadRun, WhoLeavesItAtItsDefaultIsViolated) {
  const auto run = with("default");
  if (run.lagged) {
    EXPECT_NE(run.exit_code, 0) << run.out;
    GTEST_SKIP() << "this machine lagged, three times";
  }
  EXPECT_EQ(run.exit_code, 1) << run.out << run.err;
  EXPECT_THAT(run.out, AllOf(HasSubstr("VIOLATED      bulkhead on payments"), HasSubstr("25 calls at once")));
}

class Resilience4jLimiterRun : public testing::Test {
 protected:
  void SetUp() override {
    if (const auto why = Resilience4j::missing()) {
      if (subjects::skip_is_failure()) FAIL() << *why;
      GTEST_SKIP() << *why;
    }
  }
  static Judged with(std::string defect) {
    const auto service = Service::start([&](std::uint16_t port, const std::filesystem::path&) {
      return Resilience4j::command({.port = port, .kind = "limiter", .defect = std::move(defect)});
    });
    if (!service) {
      ADD_FAILURE() << service.error().to_string();
      return {};
    }
    return probed(service->port(), "rate-limit", "{rate: 120/s, window: 250ms, algorithm: fixed-window}");
  }
};

TEST_F(Resilience4jLimiterRun, ItCountsInWindowsOfItsOwnClock) {
  const auto run = with("none");
  if (run.lagged) {
    EXPECT_NE(run.exit_code, 1) << run.out;
    GTEST_SKIP() << "this machine lagged, three times";
  }
  EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
  EXPECT_THAT(run.out, HasSubstr("HOLDS         rate-limit"));
}

TEST_F(Resilience4jLimiterRun, WhoMakesItsCallersWaitDoesNotHold) {
  const auto run = with("waits");
  EXPECT_NE(run.exit_code, 0) << run.out;
  EXPECT_THAT(run.out, Not(HasSubstr("HOLDS         rate-limit")));
}

}  // namespace
}  // namespace stormproof::e2e
