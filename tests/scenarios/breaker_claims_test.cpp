#include "scenarios/breaker_claims.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/scenarios/golden.h"

namespace stormproof::scenarios {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr std::string_view replaced = "      - latency: {p99: 400ms}";

// A scenario with two hosts of a service and this expectation.
std::string source(const std::string& text) {
  std::string made = golden::broken(replaced, "      - circuit-breaker: " + text);
  const std::string one = "    ledger: {proxy: \"127.0.0.1:19001\", upstream: \"http://127.0.0.1:9001\"}\n";
  made.insert(made.find(one), "    spare: {proxy: \"127.0.0.1:19002\", upstream: \"http://127.0.0.1:9002\"}\n");
  return made;
}

BreakerExpectation meaning(const std::string& text) {
  auto parsed = parse(source(text), "s.yaml", golden::environment({}));
  EXPECT_TRUE(parsed.has_value()) << render(parsed.error());
  return parsed ? std::get<BreakerExpectation>(parsed->phases.back().expect.back().what) : BreakerExpectation{};
}

std::string complaint(const std::string& text) {
  const auto parsed = parse(source(text), "s.yaml", golden::environment({}));
  return parsed ? "" : render(parsed.error());
}

TEST(BreakerClaims, AreRead) {
  const BreakerExpectation hosts =
      meaning("{on: ledger, half-open-calls: 3, scope: host, others: [spare], fails-fast-within: 50ms}");
  EXPECT_EQ(hosts.half_open_calls, 3U);
  EXPECT_EQ(hosts.scope, BreakerScope::host);
  EXPECT_EQ(hosts.others, std::vector<std::string>{"spare"});
  EXPECT_EQ(hosts.fails_fast_within, 50ms);
  EXPECT_EQ(hosts.instances, 1U);
  const BreakerExpectation shared = meaning("{on: ledger, scope: shared, instances: 2, probes-every: 2s ± 20%}");
  EXPECT_EQ(shared.scope, BreakerScope::shared);
  EXPECT_EQ(shared.instances, 2U);
}

TEST(BreakerClaims, WhatBelongsTogether) {
  EXPECT_THAT(complaint("{on: ledger, scope: host}"), HasSubstr("name them in 'others'"));
  EXPECT_THAT(complaint("{on: ledger, scope: service, others: [ledger]}"), HasSubstr("name the others"));
  EXPECT_THAT(complaint("{on: ledger, scope: host, others: [spare, spare]}"), HasSubstr("named twice"));
  EXPECT_THAT(complaint("{on: ledger, scope: host, others: [elsewhere]}"), HasSubstr("elsewhere"));
  EXPECT_THAT(complaint("{on: ledger, scope: instance, probes-every: 2s}"), HasSubstr("say how many in 'instances'"));
  EXPECT_THAT(complaint("{on: ledger, scope: shared, instances: 2}"), HasSubstr("state 'probes-every'"));
  EXPECT_THAT(complaint("{on: ledger, opens-within: 1s, others: [spare]}"), HasSubstr("'others' goes with scope"));
  EXPECT_THAT(complaint("{on: ledger, opens-within: 1s, instances: 2}"), HasSubstr("'instances' goes with scope"));
  EXPECT_THAT(complaint("{on: ledger, half-open-calls: 0}"), HasSubstr("1 at least"));
  EXPECT_THAT(complaint("{on: ledger, scope: hosts, others: [spare]}"), HasSubstr("host"));
}

}  // namespace
}  // namespace stormproof::scenarios
