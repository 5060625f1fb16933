#include "harness/run/fault_rules.h"

#include <gtest/gtest.h>

namespace stormproof::run {
namespace {

TEST(FaultRules, AFaultOnConnectionsHasItsWindowAndItsRamp) {
  scenarios::Fault fault;
  fault.connection = {.name = "down#1", .share = 0.25, .kind = faults::Bandwidth{.rate = 7}};
  fault.targeting.after = std::chrono::seconds(6);
  fault.targeting.lasting = std::chrono::seconds(7);
  fault.targeting.ramp = std::chrono::seconds(8);
  const faults::StreamRule rule = stream_rule_of(fault);
  EXPECT_EQ(rule.fault, *fault.connection);
  EXPECT_EQ(rule.after, std::chrono::seconds(6));
  EXPECT_EQ(rule.lasting, std::chrono::seconds(7));
  EXPECT_EQ(rule.ramp, std::chrono::seconds(8));
}

TEST(FaultRules, ALatencyIsDrawnAsItsDistributionSays) {
  scenarios::Fault fault;
  fault.latency = scenarios::LatencyFault{};
  fault.latency->drawn = faults::Distribution{.kind = faults::Distribution::Kind::lognormal,
                                              .base = std::chrono::milliseconds(20),
                                              .p99 = std::chrono::milliseconds(200)};
  EXPECT_EQ(rule_of(fault).latency->drawn, fault.latency->drawn);
}

TEST(FaultRules, CarryEverythingThatTheScenarioSays) {
  scenarios::Fault fault;
  fault.id = "down#1";
  fault.share = 0.25;
  fault.methods = {"POST"};
  fault.paths = {"/a/*"};
  fault.latency = scenarios::LatencyFault{
      .base = std::chrono::seconds(1), .jitter = std::chrono::milliseconds(2), .at_response = true};
  fault.message.framing = "two-lengths";
  fault.message.no_answer = "random";
  fault.message.huge_head = 7;
  fault.message.stale = fault.message.duplicate = true;
  fault.message.truncate = scenarios::TruncateFault{.at = 0.1, .bytes = 3, .legal = true};
  fault.message.slow = scenarios::SlowFault{.head = std::chrono::seconds(3), .body = {}};
  fault.message.throttle =
      scenarios::ThrottleFault{.per_second = 2, .burst = 4, .status = 503, .retry_after = std::chrono::seconds(5)};
  fault.message.change_request = scenarios::ChangeFault{.method = "PUT",
                                                        .path = "/x",
                                                        .status = {},
                                                        .headers = {{"A", "b"}},
                                                        .without = {"C"},
                                                        .body = {},
                                                        .merge = "{}"};
  fault.message.change_response = scenarios::ChangeFault{
      .method = {}, .path = {}, .status = 500, .headers = {}, .without = {}, .body = "d", .merge = {}};
  fault.targeting.clients = {"10.0.0.0/8"};
  fault.targeting.by_request = true;
  fault.targeting.first = 1;
  fault.targeting.first_tries = 2;
  fault.targeting.every = 3;
  fault.targeting.at_most = 4;
  fault.targeting.after = std::chrono::seconds(6);
  fault.targeting.lasting = std::chrono::seconds(7);
  fault.targeting.ramp = std::chrono::seconds(8);
  const faults::Rule rule = rule_of(fault);
  EXPECT_EQ(rule.id, "down#1");
  EXPECT_EQ(rule.share, 0.25);
  EXPECT_TRUE(rule.latency_of_response);
  EXPECT_EQ(rule.framing, faults::IllegalFraming::two_lengths);
  EXPECT_EQ(rule.no_answer, faults::NoAnswer::random);
  EXPECT_EQ(rule.head_grows, 7U);
  EXPECT_TRUE(rule.stale && rule.duplicate && rule.by_request && rule.truncate->legal);
  EXPECT_EQ(rule.truncate->bytes, 3U);
  EXPECT_EQ(rule.slow->head_over, std::chrono::seconds(3));
  EXPECT_EQ(rule.throttle->burst, 4);
  EXPECT_EQ(rule.throttle->status, 503);
  EXPECT_EQ(rule.request->method, "PUT");
  EXPECT_EQ(rule.request->change.merge, "{}");
  EXPECT_EQ(rule.response->status, 500);
  EXPECT_EQ(rule.clients.size(), 1U);
  EXPECT_EQ(std::tuple(*rule.first, *rule.first_tries, *rule.every, *rule.at_most), std::tuple(1U, 2U, 3U, 4U));
  EXPECT_EQ(rule.after + *rule.lasting + rule.ramp, std::chrono::seconds(21));
  EXPECT_TRUE(rule.check().has_value());
}

}  // namespace
}  // namespace stormproof::run
