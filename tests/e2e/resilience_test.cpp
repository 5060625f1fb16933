// `stormproof run` against services that shed load, leave a replica that fails, and give up in time; and against their twins
// that do not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/e2e/program.h"
#include "tests/subjects/nginx/nginx.h"
#include "tests/subjects/shop/shop.h"
#include "tests/support/files.h"
#include "tests/support/http.h"
#include "tests/support/ports.h"
#include "tests/support/temp_dir.h"

namespace stormproof::e2e {
namespace {

using subjects::Nginx;
using subjects::Shop;
using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::chrono::seconds whole_run{60};

support::Finished run(const support::TempDir& folder, const std::filesystem::path& scenario,
                      const std::map<std::string, std::string>& environment) {
  return stormproof({"run", scenario.string(), "--out", (folder.path() / "out").string(), "--seed", "7"}, environment,
                    whole_run);
}

constexpr std::string_view failover = R"(version: 1
name: traffic leaves a replica that fails
topology:
  service: {name: shop, candidate: {url: "http://127.0.0.1:${PORT}"}}
  dependencies:
    payments-a: {proxy: "127.0.0.1:${PROXY_A}", upstream: "http://127.0.0.1:${A}"}
    payments-b: {proxy: "127.0.0.1:${PROXY_B}", upstream: "http://127.0.0.1:${B}"}
traffic: {capture: "${CAPTURE}", rate: 200/s}
steady-state: {for: 2s, expect: [errors: {at-most: 1%}]}
phases:
  - name: a fails
    for: 7s
    faults: [{on: payments-a, abort: {status: 503}}]
    expect:
      - failover: {on: payments-a, others: [payments-b], leaves-within: 2s, others-take-over: true}
      - errors: {at-most: 1%}
  - name: a is well again
    for: 6s
    expect:
      - failover: {on: payments-a, others: [payments-b], returns-within: 3s}
)";

// nginx between two replicas, each behind a proxy of the harness.
support::Finished balanced(int max_fails) {
  const support::TempDir folder;
  auto a = Nginx::start({});
  auto b = Nginx::start({});
  if (!a || !b) {
    ADD_FAILURE() << "nginx does not start";
    return {};
  }
  const std::uint16_t proxy_a = support::free_port();
  const std::uint16_t proxy_b = support::free_port();
  auto balancer = Nginx::start({.replicas = Nginx::Replicas{{proxy_a, proxy_b}, max_fails}});
  if (!balancer) {
    ADD_FAILURE() << balancer.error().to_string();
    return {};
  }
  const auto capture = folder.path() / "checkout.traffic";
  record_checkouts(a->port(), capture, 20);
  const auto file = folder.path() / "failover.yaml";
  EXPECT_TRUE(support::write_file(file, failover));
  return run(folder, file,
             {{"PORT", std::to_string(balancer->port())},
              {"PROXY_A", std::to_string(proxy_a)},
              {"PROXY_B", std::to_string(proxy_b)},
              {"A", std::to_string(a->port())},
              {"B", std::to_string(b->port())},
              {"CAPTURE", capture.string()}});
}

class FailoverRun : public testing::Test {
 protected:
  void SetUp() override {
    if (!Nginx::program()) GTEST_SKIP() << "nginx is not installed";
  }
};

TEST_F(FailoverRun, NginxWithMaxFailsLeavesAndComesBack) {
  const auto finished = balanced(1);
  EXPECT_EQ(finished.exit_code, 0) << finished.out << finished.err;
  EXPECT_THAT(finished.out, AllOf(HasSubstr("HOLDS         failover on payments-a"), Not(HasSubstr("VIOLATED"))));
}

// Its customers see nothing of it: each failure is repeated with the other replica.
TEST_F(FailoverRun, NginxWithoutMaxFailsNeverLeaves) {
  const auto finished = balanced(0);
  EXPECT_EQ(finished.exit_code, 1) << finished.out << finished.err;
  EXPECT_THAT(finished.out,
              AllOf(HasSubstr("VIOLATED      failover on payments-a"), HasSubstr("HOLDS         errors")));
}

constexpr std::string_view overload = R"(version: 1
name: the till sheds load
topology: {service: {name: till, candidate: {url: "http://127.0.0.1:${PORT}"}}}
traffic:
  capture: "${CAPTURE}"
  steps: [{rate: 50/s, for: 2s}, {rate: 85/s, for: 3s}, {rate: 130/s, for: 3s}, {rate: 260/s, for: 3s}, {rate: 300/s}]
steady-state: {for: 2s, expect: [errors: {at-most: 5%}]}
phases:
  - name: three times its capacity
    for: 12s
    expect:
      - overload: {good-within: 500ms, goodput-at-least: 80%, admitted-p99: 1s, refuses-faster: true}
)";

// Two clerks, 20 ms a customer: about 100 a second.
support::Finished overloaded(const std::vector<std::string>& line) {
  const support::TempDir folder;
  const std::uint16_t port = support::free_port();
  std::vector<std::string> command = {STORMPROOF_BINARY_DIR "/tests/subjects/till/till", "--port",
                                      std::to_string(port)};
  command.insert(command.end(), line.begin(), line.end());
  const auto till = support::Process::start({.argv = command});
  if (!till || !till->wait_until_listening(port)) {
    ADD_FAILURE() << "the till does not start";
    return {};
  }
  const auto capture = folder.path() / "checkout.traffic";
  record_checkouts(port, capture, 20);
  const auto file = folder.path() / "overload.yaml";
  EXPECT_TRUE(support::write_file(file, overload));
  return run(folder, file, {{"PORT", std::to_string(port)}, {"CAPTURE", capture.string()}});
}

TEST(OverloadRun, ALineWithAnEndHolds) {
  const auto finished = overloaded({"--line", "10"});
  EXPECT_EQ(finished.exit_code, 0) << finished.out << finished.err;
  EXPECT_THAT(finished.out, HasSubstr("HOLDS         overload"));
}

TEST(OverloadRun, ALineWithoutOneIsViolated) {
  const auto finished = overloaded({});
  EXPECT_EQ(finished.exit_code, 1) << finished.out << finished.err;
  EXPECT_THAT(finished.out, HasSubstr("VIOLATED      overload"));
}

// The scenario of the library, in a third of its time, against a shop that gives up after a second and repeats nothing.
TEST(HangingPaymentsRun, TheShopGivesUpInTime) {
  const support::TempDir folder;
  const auto payments = Shop::start({.is_payments = true});
  ASSERT_TRUE(payments.has_value());
  const std::uint16_t proxy = support::free_port();
  const auto shop = Shop::start({.version = 2, .payments = "http://127.0.0.1:" + std::to_string(proxy)});
  const auto recorded = Shop::start({.version = 2, .payments = payments->url()});
  ASSERT_TRUE(shop.has_value() && recorded.has_value());
  const auto capture = folder.path() / "checkout.traffic";
  {
    const Recording recording = start_recording(recorded->port(), capture);
    const auto curl = support::run_to_end(
        {.argv = {"curl", "-sS", "--fail", "--max-time", "20", "-o", "/dev/null", "-X", "POST", "-d", "{}",
                  "http://127.0.0.1:" + std::to_string(recording.port) + "/checkout/[1-20]"}});
    ASSERT_TRUE(curl.has_value());
    EXPECT_EQ(curl->exit_code, 0) << curl->err;
    recording.process.signal(SIGINT);
    ASSERT_EQ(recording.process.exit_code_within(std::chrono::seconds(15)), 0) << recording.process.err();
  }
  std::string text = support::read_file(STORMPROOF_SOURCE_DIR "/scenarios/library/hanging-payments.yaml").value_or("");
  for (const auto& [from, to] : {std::pair{"for: 15s", "for: 5s"},
                                 {"for: 15s", "for: 4s"},
                                 {"for: 10s", "for: 5s"},
                                 {"for: 5s\n  expect:\n    - errors", "for: 4s\n  expect:\n    - errors"}}) {
    const std::size_t at = text.find(from);
    ASSERT_NE(at, text.npos) << from;
    text.replace(at, std::string_view(from).size(), to);
  }
  const auto file = folder.path() / "hanging-payments.yaml";
  ASSERT_TRUE(support::write_file(file, text));
  const auto finished = run(folder, file,
                            {{"SHOP_PORT", std::to_string(shop->port())},
                             {"PAYMENTS_PROXY_PORT", std::to_string(proxy)},
                             {"PAYMENTS_PORT", std::to_string(payments->port())},
                             {"CAPTURE", capture.string()}});
  EXPECT_EQ(finished.exit_code, 0) << finished.out << finished.err;
  EXPECT_THAT(finished.out, AllOf(HasSubstr("HOLDS         timeout on payments"),
                                  HasSubstr("HOLDS         retries on payments"), Not(HasSubstr("VIOLATED"))));
}

}  // namespace
}  // namespace stormproof::e2e
