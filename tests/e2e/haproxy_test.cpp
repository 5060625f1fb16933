// HAProxy's breaker, `observe layer7 error-limit 5`, and the same with `retry-on 500`: seen from its clients it is fine, and it is
// dead. The report must say so in one sentence. And its stick table as a rate limit.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/e2e/limit_probe.h"
#include "tests/e2e/program.h"
#include "tests/subjects/haproxy/haproxy.h"
#include "tests/subjects/opossum/opossum.h"
#include "tests/subjects/shop/shop.h"
#include "tests/support/files.h"
#include "tests/support/ports.h"
#include "tests/support/temp_dir.h"

namespace stormproof::e2e {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view scenario = R"(version: 1
name: payments fails each first try
topology:
  service: {{ name: shop, candidate: {{ url: "http://127.0.0.1:{}" }} }}
  dependencies:
    payments: {{ proxy: "127.0.0.1:{}", upstream: "http://127.0.0.1:{}" }}
traffic: {{ capture: "{}", rate: 80/s }}
steady-state: {{ for: 4s, expect: [ errors: {{ at-most: 5% }} ] }}
phases:
  - name: each first try fails
    for: 6s
    faults: [ {{ on: payments, abort: {{ status: 500 }}, first-tries: 1 }} ]
    expect:
      - circuit-breaker: {{ on: payments, opens-within: 2s }}
      - errors: {{ at-most: {} }}
)";

class HaproxyRun : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const auto why = subjects::Haproxy::missing()) {
      if (subjects::Opossum::skip_is_failure()) FAIL() << *why;
      GTEST_SKIP() << *why;
    }
  }

  static support::Finished judged(bool retries, std::string_view errors) {
    const support::TempDir folder;
    const auto payments = subjects::Shop::start({.is_payments = true});
    if (!payments) {
      ADD_FAILURE() << payments.error().to_string();
      return {};
    }
    // The capture names paths that payments knows: HAProxy hands them on as they are.
    const auto capture = folder.path() / "charges.traffic";
    const std::uint16_t proxy = support::free_port();
    const auto haproxy =
        subjects::Haproxy::start({.server = proxy, .check = payments->port(), .retries_on_500 = retries});
    if (!haproxy) {
      ADD_FAILURE() << haproxy.error().to_string();
      return {};
    }
    record_charges(payments->port(), capture);
    const auto file = folder.path() / "scenario.yaml";
    EXPECT_TRUE(support::write_file(
        file, fmt::format(scenario, haproxy->port(), proxy, payments->port(), capture.string(), errors)));
    return stormproof({"run", file.string(), "--out", (folder.path() / "out").string(), "--seed", "7"});
  }

  static void record_charges(std::uint16_t server, const std::filesystem::path& out) {
    const Recording recording = start_recording(server, out);
    const auto curl = support::run_to_end({.argv = {"curl", "-sS", "--fail", "--max-time", "20", "-o", "/dev/null",
                                                    fmt::format("http://127.0.0.1:{}/charge/[1-20]", recording.port)}});
    ASSERT_TRUE(curl.has_value()) << curl.error().to_string();
    EXPECT_EQ(curl->exit_code, 0) << curl->err;
    recording.process.signal(SIGINT);
    EXPECT_EQ(recording.process.exit_code_within(std::chrono::seconds(15)), 0) << recording.process.err();
  }
};

TEST_F(HaproxyRun, WithoutRetriesItsBreakerOpens) {
  const auto finished = judged(false, "100%");
  EXPECT_EQ(finished.exit_code, 0) << finished.out << finished.err;
  EXPECT_THAT(finished.out, AllOf(HasSubstr("HOLDS         circuit-breaker"), Not(HasSubstr("dead"))));
}

TEST_F(HaproxyRun, WithRetriesItIsDeadAndTheReportSaysWhy) {
  const auto finished = judged(true, "1%");
  EXPECT_EQ(finished.exit_code, 1) << finished.out << finished.err;
  EXPECT_THAT(finished.out,
              AllOf(HasSubstr("VIOLATED      circuit-breaker"), HasSubstr("The breaker is dead because of the retries"),
                    HasSubstr("HOLDS         errors")));
}

// Its stick table, on a claim of a window that slides.
Judged limited(subjects::Haproxy::Limit limit) {
  const auto haproxy = subjects::Haproxy::start(limit);
  if (!haproxy) {
    ADD_FAILURE() << haproxy.error().to_string();
    return {};
  }
  return probed(haproxy->port(), "rate-limit", "{rate: 30/s, window: 1s, burst: 30, algorithm: sliding-counter}");
}

TEST_F(HaproxyRun, AStickTableThatCountsWhomItAdmitsIsASlidingCounter) {
  const auto run = limited({});
  if (run.lagged) {
    EXPECT_NE(run.exit_code, 1) << run.out;
    GTEST_SKIP() << "this machine lagged, three times";
  }
  EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
  EXPECT_THAT(run.out,
              AllOf(HasSubstr("HOLDS         rate-limit"), HasSubstr("a sliding counter of 30 in 1.00 s explains")));
}

TEST_F(HaproxyRun, AStickTableThatCountsEveryRequestLetsNobodyIn) {
  const auto run = limited({.counts_refused = true});
  if (run.lagged) {
    EXPECT_NE(run.exit_code, 0) << run.out;
    GTEST_SKIP() << "this machine lagged, three times";
  }
  EXPECT_EQ(run.exit_code, 1) << run.out << run.err;
  EXPECT_THAT(run.out, AllOf(HasSubstr("VIOLATED      rate-limit"), HasSubstr("in which the refused count, too")));
}

}  // namespace
}  // namespace stormproof::e2e
