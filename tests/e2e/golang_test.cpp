// sony/gobreaker and golang.org/x/time/rate in a real Go service: as they are meant, and with mistakes that people make with them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/e2e/limit_probe.h"
#include "tests/e2e/outage_run.h"
#include "tests/subjects/golang/golang.h"
#include "tests/subjects/service.h"

namespace stormproof::e2e {
namespace {

using subjects::Golang;
using subjects::Service;
using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::Not;

class GobreakerRun : public OutageRun {
 protected:
  std::optional<std::string> missing() const override { return Golang::missing(); }
  Judged with(std::string defect) {
    return judged(Golang::command(Golang::Breaker{.port = outage_.service_port,
                                                  .payments = payments(),
                                                  .defect = std::move(defect),
                                                  .sleep = std::chrono::milliseconds(500),
                                                  .truth = truth()}));
  }
};

TEST_F(GobreakerRun, ItHoldsAndSleepsAsItLogged) {
  const auto run = with("none");
  EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
  EXPECT_THAT(run.out, AllOf(HasSubstr("(6 failed calls, "), Not(HasSubstr("VIOLATED"))));
  const auto sleep = run.estimate("sleep window");
  ASSERT_TRUE(sleep.has_value()) << run.out;
  EXPECT_LE(sleep->low, 0.5);
  EXPECT_GE(sleep->high, 0.5);
  const auto log = subjects::read_truth(truth());
  ASSERT_TRUE(log.has_value()) << log.error().to_string();
  EXPECT_EQ(run.instants("probe"), subjects::times_of(*log, "halfOpen").size() - 1) << "but the one that closes it";
  EXPECT_EQ(run.instants("opened") + run.instants("reopened"), subjects::times_of(*log, "open").size());
  EXPECT_THAT(run.summaries(), HasSubstr("let 1 call through half-open, as by default does gobreaker (2 of 3 marks"));
}

TEST_F(GobreakerRun, WhoTakesA503ForSuccessIsViolated) {
  const auto run = with("5xx-is-success");
  EXPECT_EQ(run.exit_code, 1) << run.out << run.err;
  EXPECT_THAT(run.out, AllOf(HasSubstr("VIOLATED      circuit-breaker"), HasSubstr("never opened")));
}

TEST_F(GobreakerRun, WhoForgetsTheSecondStepIsViolated) {
  const auto run = with("forgets-done");
  EXPECT_EQ(run.exit_code, 1) << run.out << run.err;
  EXPECT_THAT(run.out, AllOf(HasSubstr("opens-within: HOLDS"), HasSubstr("no probe for"),
                             HasSubstr("VIOLATED      circuit-breaker on payments [recovery]")));
}

class GoRateRun : public testing::Test {
 protected:
  void SetUp() override {
    if (const auto why = Golang::missing()) {
      if (subjects::skip_is_failure()) FAIL() << *why;
      GTEST_SKIP() << *why;
    }
  }
  // Claimed: a bucket of 120/s with a burst of 20.
  static Judged with(Golang::Limiter limiter) {
    limiter.rate = 120;
    limiter.burst = 20;
    const auto service = Service::start([&](std::uint16_t port, const std::filesystem::path&) {
      limiter.port = port;
      return Golang::command(limiter);
    });
    if (!service) {
      ADD_FAILURE() << service.error().to_string();
      return {};
    }
    return probed(service->port(), "rate-limit",
                  "{rate: 120/s, burst: 20, algorithm: token-bucket, truthful-retry-after: true}");
  }
};

TEST_F(GoRateRun, ItIsABucket) {
  const auto run = with({});
  EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
  EXPECT_THAT(run.out, AllOf(HasSubstr("HOLDS         rate-limit"),
                             HasSubstr("a token bucket (or GCRA) of 120/s and 20 at once explains")));
}

// Admitted as often, but whoever is admitted beyond the burst stands in line. 5: that a sliding counter decides alike.
TEST_F(GoRateRun, WhoWaitsForATokenIsNoBucket) {
  const auto run = with({.wait = std::chrono::milliseconds(500)});
  EXPECT_THAT(run.exit_code, AnyOf(1, 5)) << run.out << run.err;
  EXPECT_THAT(run.out, AllOf(HasSubstr("rate: HOLDS"), HasSubstr("a leaky queue of 120/s")));
}

TEST_F(GoRateRun, ABurstThatIsTooLargeIsViolated) {
  const auto run = with({.defect = "off-by-burst"});
  EXPECT_EQ(run.exit_code, 1) << run.out << run.err;
  EXPECT_THAT(run.out, AllOf(HasSubstr("rate: HOLDS"), HasSubstr("algorithm: HOLDS"), HasSubstr("40 at once")));
}

}  // namespace
}  // namespace stormproof::e2e
