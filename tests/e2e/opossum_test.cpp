// A real breaker, npm opossum, in a real Node service, with a real nginx as its dependency.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "tests/e2e/program.h"
#include "tests/subjects/nginx/nginx.h"
#include "tests/subjects/opossum/opossum.h"
#include "tests/subjects/shop/shop.h"
#include "tests/support/files.h"
#include "tests/support/ports.h"
#include "tests/support/temp_dir.h"

namespace stormproof::e2e {
namespace {

using subjects::Opossum;
using ::testing::HasSubstr;
using ::testing::Not;

class OpossumRun : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const auto why = Opossum::missing()) {
      if (Opossum::skip_is_failure()) FAIL() << *why;
      GTEST_SKIP() << *why;
    }
    auto nginx = subjects::Nginx::start({});
    ASSERT_TRUE(nginx.has_value()) << nginx.error().to_string();
    nginx_.emplace(std::move(*nginx));
    outage_.payments = nginx_->port();
    outage_.service_port = support::free_port();
    outage_.payments_proxy = support::free_port();
    outage_.capture = folder_.path() / "checkout.traffic";
    outage_.down = "14s";
    // opossum opens when half of the calls of its last 10 s have failed: after 4 s of health, some 4 s into the outage.
    outage_.opens_within = "7s";
    options_.payments = "http://127.0.0.1:" + std::to_string(outage_.payments_proxy);
    options_.port = outage_.service_port;
    options_.truth = folder_.path() / "truth";
    const auto recorded = Opossum::start({.payments = "http://127.0.0.1:" + std::to_string(nginx_->port())});
    ASSERT_TRUE(recorded.has_value()) << recorded.error().to_string();
    record_checkouts(recorded->port(), outage_.capture, 40);
  }

  support::Finished run() {
    outage_.command = Opossum::command(options_);
    const std::filesystem::path scenario = folder_.path() / "scenario.yaml";
    write_outage(outage_, scenario);
    return stormproof({"run", scenario.string(), "--out", (folder_.path() / "out").string(), "--json", json().string()},
                      {}, std::chrono::seconds(60));
  }
  std::filesystem::path json() const { return folder_.path() / "run.json"; }

  support::TempDir folder_;
  std::optional<subjects::Nginx> nginx_;
  Outage outage_;
  Opossum::Options options_;
};

TEST_F(OpossumRun, ItsCorrectSettingsHoldAndTheProbePeriodIsTheOneItLogged) {
  const auto finished = run();
  EXPECT_EQ(finished.exit_code, 0) << finished.out << finished.err;
  EXPECT_THAT(finished.out, Not(HasSubstr("VIOLATED")));
  const auto truth = subjects::read_truth(options_.truth);
  ASSERT_TRUE(truth.has_value()) << truth.error().to_string();
  const auto opened = subjects::times_of(*truth, "open");
  ASSERT_GE(opened.size(), 4u) << "it opens, and opens again after each probe that fails";
}

TEST_F(OpossumRun, TheSameUnderACallThatHangs) {
  outage_.fault = "latency: 30s";
  outage_.latency = "p99: 1500ms";  // until it opens, callers wait for opossum's timeout
  outage_.down = "18s";
  const auto finished = run();
  EXPECT_EQ(finished.exit_code, 0) << finished.out << finished.err;
}

TEST_F(OpossumRun, ItsTwinWithTheBreakerOffIsViolated) {
  options_.breaker = false;
  const auto finished = run();
  EXPECT_EQ(finished.exit_code, 1) << finished.out << finished.err;
  EXPECT_THAT(finished.out, HasSubstr("VIOLATED"));
}

TEST_F(OpossumRun, StarvedOfTrafficItIsInconclusive) {
  outage_.rate = "2/s";
  const auto finished = run();
  EXPECT_EQ(finished.exit_code, 5) << finished.out << finished.err;
  EXPECT_THAT(finished.out, Not(HasSubstr("VIOLATED")));
}

}  // namespace
}  // namespace stormproof::e2e
