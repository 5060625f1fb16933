// `stormproof run` against nginx's limit_req: a real limiter as promised, and one that is not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/e2e/program.h"
#include "tests/subjects/nginx/nginx.h"
#include "tests/support/files.h"
#include "tests/support/temp_dir.h"

namespace stormproof::e2e {
namespace {

using subjects::Nginx;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr std::chrono::seconds whole_run{60};

constexpr std::string_view scenario = R"(version: 1
name: the shop keeps its rate limit
topology:
  service:
    name: shop
    candidate: {url: "http://127.0.0.1:${PORT}"}
traffic:
  capture: ${CAPTURE}
  ramp: {from: 10/s, to: 80/s, over: 10s}
steady-state:
  for: 2s
  expect: [errors: {at-most: 30%}]
phases:
  - name: too many
    for: 14s
    expect:
      - rate-limit: {rate: 20/s, burst: 10, wrongly-refused-at-most: 1%, status: 503}
)";

// Claimed to the judge: 20/s, ten at once.
support::Finished judged(Nginx::Limit limit) {
  const support::TempDir folder;
  const auto capture = folder.path() / "checkout.traffic";
  auto nginx = Nginx::start({.limit = limit});
  auto recorded = Nginx::start({});
  if (!nginx || !recorded) {
    ADD_FAILURE() << "nginx does not start";
    return {};
  }
  record_checkouts(recorded->port(), capture, 5);
  const auto file = folder.path() / "scenario.yaml";
  EXPECT_TRUE(support::write_file(file, scenario));
  return stormproof({"run", file.string(), "--out", (folder.path() / "out").string(), "--seed", "7"},
                    {{"PORT", std::to_string(nginx->port())}, {"CAPTURE", capture.string()}}, whole_run);
}

class RateLimitRun : public testing::Test {
 protected:
  void SetUp() override {
    if (!Nginx::program()) GTEST_SKIP() << "nginx is not installed";
  }
};

TEST_F(RateLimitRun, NginxAsPromisedHolds) {
  const auto finished = judged({.per_second = 20, .burst = 9});
  EXPECT_EQ(finished.exit_code, 0) << finished.out << finished.err;
  EXPECT_THAT(finished.out, AllOf(HasSubstr("HOLDS         rate-limit"), HasSubstr("at most 10 at once")));
}

TEST_F(RateLimitRun, ABurstThatIsTooLargeIsViolated) {
  const auto finished = judged({.per_second = 20, .burst = 39});
  EXPECT_EQ(finished.exit_code, 1) << finished.out << finished.err;
  EXPECT_THAT(finished.out, AllOf(HasSubstr("VIOLATED      rate-limit"), HasSubstr("rate: HOLDS")));
}

TEST_F(RateLimitRun, ARateThatIsTooHighIsViolated) {
  const auto finished = judged({.per_second = 25, .burst = 9});
  EXPECT_EQ(finished.exit_code, 1) << finished.out << finished.err;
  EXPECT_THAT(finished.out, HasSubstr("VIOLATED      rate-limit"));
}

}  // namespace
}  // namespace stormproof::e2e
