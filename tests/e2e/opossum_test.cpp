// A real breaker, npm opossum, in a real Node service, with a real nginx as its dependency.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "tests/e2e/outage_run.h"
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

class OpossumRun : public OutageRun {
 protected:
  std::optional<std::string> missing() const override { return Opossum::missing(); }

  void SetUp() override {
    OutageRun::SetUp();
    outage_.rate = "100/s";
    outage_.steady = "4s";
    outage_.down = "14s";
    outage_.recovery = "6s";
    // opossum opens when half of the calls of its last 10 s have failed: after 4 s of health, some 4 s into the outage.
    outage_.opens_within = "7s";
    outage_.probes_every = "2s";
    outage_.closes_within = "6s";
    outage_.recovers = true;
    options_.payments = payments();
    options_.port = outage_.service_port;
    options_.truth = truth();
  }

  // For those that need not open, nor recover.
  void shorter() {
    outage_.down = "8s";
    outage_.recovery = "2s";
    outage_.closes_within = "2s";
    outage_.recovers = false;
  }
  Judged run() { return judged(Opossum::command(options_)); }

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
  shorter();
  const auto finished = run();
  EXPECT_EQ(finished.exit_code, 1) << finished.out << finished.err;
  EXPECT_THAT(finished.out, HasSubstr("VIOLATED"));
}

TEST_F(OpossumRun, StarvedOfTrafficItIsInconclusive) {
  shorter();
  outage_.rate = "2/s";
  const auto finished = run();
  EXPECT_EQ(finished.exit_code, 5) << finished.out << finished.err;
  EXPECT_THAT(finished.out, Not(HasSubstr("VIOLATED")));
}

}  // namespace
}  // namespace stormproof::e2e
