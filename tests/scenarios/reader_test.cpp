#include "scenarios/reader.h"

#include <gtest/gtest.h>

#include "tests/scenarios/golden.h"

namespace stormproof::scenarios {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view full = R"(version: 1
name: checkout survives a payments outage
owner: team-checkout
tags: [nightly, breaker]
topology:
  service:
    name: checkout
    candidate:
      url: "http://127.0.0.1:8082/"
      command: [./shop, --port, 8082, --token, "${secret:TOKEN}"]
      env: {LOG_LEVEL: debug, WORKERS: 4}
      health: {path: /healthz, within: 5s}
    baseline: {url: "http://127.0.0.1:8081"}
  dependencies:
    payments: {proxy: "127.0.0.1:19001", upstream: "http://127.0.0.1:9001"}
    stock: {proxy: "[::1]:19002", upstream: "http://stock.test"}
traffic:
  capture: captures/checkout.traffic
  ramp: {from: 20/s, to: 200/s, over: 30s}
  only: {methods: [GET, POST], paths: ["/checkout/*"]}
  allow-writes: true
steady-state:
  for: 20s
  expect:
    - errors: {at-most: 0.1%}
    - latency: {p99: 250ms, p50: 50ms, max: 2s}
phases:
  - name: payments down
    for: 20s
    faults:
      - {on: payments, abort: {status: 429, body: "slow down", headers: {Retry-After: "5"}}, share: 30%, methods: [POST], paths: [/charges]}
      - on: stock
        latency: {base: 200ms, jitter: 50ms}
      - {on: stock, latency: 100ms, abort: {status: 500}}
    expect:
      - circuit-breaker: {on: payments, opens-within: 3s, leaks-at-most: 0, probes-every: 2s ± 20%}
  - name: recovery
    for: 20s
    expect:
      - circuit-breaker:
          on: payments
          closes-within: 6s
      - recovers: {within: 10s}
gate:
  fail-on: [violated]
  abort-when: {errors: {above: 50%, for: 10s}}
)";

Scenario scenario_of(std::string_view text) {
  auto parsed = parse(text, "s.yaml", golden::environment({{"STORMPROOF_SECRET_TOKEN", "hunter2"}}));
  EXPECT_TRUE(parsed.has_value()) << render(parsed.error());
  return parsed ? std::move(*parsed) : Scenario{};
}

TEST(Reader, ReadsTheTopology) {
  const Scenario scenario = scenario_of(full);
  EXPECT_EQ(scenario.name, "checkout survives a payments outage");
  EXPECT_EQ(scenario.owner, "team-checkout");
  EXPECT_EQ(scenario.tags, (std::vector<std::string>{"nightly", "breaker"}));
  const Target& candidate = scenario.topology.candidate;
  EXPECT_EQ(scenario.topology.service, "checkout");
  EXPECT_EQ(candidate.url, "http://127.0.0.1:8082");
  EXPECT_EQ(candidate.command, (std::vector<std::string>{"./shop", "--port", "8082", "--token", "hunter2"}));
  EXPECT_EQ(candidate.env, (std::map<std::string, std::string>{{"LOG_LEVEL", "debug"}, {"WORKERS", "4"}}));
  ASSERT_TRUE(candidate.health.has_value());
  EXPECT_EQ(candidate.health->path, "/healthz");
  EXPECT_EQ(candidate.health->within, 5s);
  ASSERT_TRUE(scenario.topology.baseline.has_value());
  EXPECT_EQ(scenario.topology.baseline->url, "http://127.0.0.1:8081");
  EXPECT_FALSE(scenario.topology.baseline->health.has_value());
  ASSERT_EQ(scenario.topology.dependencies.size(), 2U);
  EXPECT_EQ(scenario.topology.dependencies[0].name, "payments");
  EXPECT_EQ(scenario.topology.dependencies[0].proxy, "127.0.0.1:19001");
  EXPECT_EQ(scenario.topology.dependencies[1].upstream, "http://stock.test");
}

TEST(Reader, ReadsTheTraffic) {
  const Traffic traffic = scenario_of(full).traffic;
  EXPECT_EQ(traffic.capture, "captures/checkout.traffic");
  ASSERT_TRUE(traffic.ramp.has_value());
  EXPECT_EQ(traffic.ramp->from_per_second, 20.0);
  EXPECT_EQ(traffic.ramp->to_per_second, 200.0);
  EXPECT_EQ(traffic.ramp->over, 30s);
  EXPECT_FALSE(traffic.rate_per_second || traffic.speed);
  EXPECT_EQ(traffic.methods, (std::vector<std::string>{"GET", "POST"}));
  EXPECT_EQ(traffic.paths, (std::vector<std::string>{"/checkout/*"}));
  EXPECT_TRUE(traffic.allow_writes);
  EXPECT_EQ(scenario_of(golden::scenario).traffic.rate_per_second, 200.0);
  EXPECT_FALSE(scenario_of(golden::scenario).traffic.allow_writes);
  EXPECT_EQ(scenario_of(golden::broken("rate: 200/s", "speed: 2x")).traffic.speed, 2.0);
}

TEST(Reader, ReadsFaults) {
  const Scenario scenario = scenario_of(full);
  ASSERT_EQ(scenario.phases.size(), 2U);
  EXPECT_EQ(scenario.phases[0].name, "payments down");
  EXPECT_EQ(scenario.phases[0].duration, 20s);
  const std::vector<Fault>& faults = scenario.phases[0].faults;
  ASSERT_EQ(faults.size(), 3U);
  EXPECT_EQ(faults[0].id, "payments down#1");
  EXPECT_EQ(faults[2].id, "payments down#3");
  EXPECT_EQ(faults[0].on, "payments");
  ASSERT_TRUE(faults[0].abort.has_value());
  EXPECT_EQ(faults[0].abort->status, 429);
  EXPECT_EQ(faults[0].abort->body, "slow down");
  EXPECT_EQ(faults[0].abort->headers, (std::map<std::string, std::string>{{"Retry-After", "5"}}));
  EXPECT_DOUBLE_EQ(faults[0].share, 0.3);
  EXPECT_EQ(faults[0].methods, std::vector<std::string>{"POST"});
  EXPECT_EQ(faults[0].paths, std::vector<std::string>{"/charges"});
  EXPECT_FALSE(faults[0].latency.has_value());
  ASSERT_TRUE(faults[1].latency.has_value());
  EXPECT_EQ(faults[1].latency->base, 200ms);
  EXPECT_EQ(faults[1].latency->jitter, 50ms);
  EXPECT_EQ(faults[1].share, 1.0);
  EXPECT_EQ(faults[2].latency->base, 100ms);
  EXPECT_EQ(faults[2].latency->jitter, 0ms);
  EXPECT_EQ(faults[2].abort->status, 500);
}

TEST(Reader, ReadsExpectations) {
  const Scenario scenario = scenario_of(full);
  EXPECT_EQ(scenario.steady_state.name, "steady state");
  EXPECT_EQ(scenario.steady_state.duration, 20s);
  ASSERT_EQ(scenario.steady_state.expect.size(), 2U);
  EXPECT_DOUBLE_EQ(std::get<ErrorsExpectation>(scenario.steady_state.expect[0].what).at_most, 0.001);
  const auto& latency = std::get<LatencyExpectation>(scenario.steady_state.expect[1].what);
  ASSERT_EQ(latency.limits.size(), 3U);
  EXPECT_DOUBLE_EQ(latency.limits[0].quantile, 0.99);
  EXPECT_EQ(latency.limits[0].at_most, 250ms);
  EXPECT_EQ(latency.limits[2].quantile, 1.0);

  const auto& opens = std::get<BreakerExpectation>(scenario.phases[0].expect.at(0).what);
  EXPECT_EQ(opens.on, "payments");
  EXPECT_EQ(opens.opens_within, 3s);
  EXPECT_EQ(opens.leaks_at_most, 0U);
  ASSERT_TRUE(opens.probes_every.has_value());
  EXPECT_EQ(opens.probes_every->value, 2s);
  EXPECT_DOUBLE_EQ(opens.probes_every->tolerance, 0.2);
  EXPECT_FALSE(opens.closes_within.has_value());
  const auto& closes = std::get<BreakerExpectation>(scenario.phases[1].expect.at(0).what);
  EXPECT_EQ(closes.closes_within, 6s);
  EXPECT_EQ(std::get<RecoversExpectation>(scenario.phases[1].expect.at(1).what).within, 10s);
}

TEST(Reader, ExpectationsKeepTheirLineAndTheirText) {
  const Scenario scenario = scenario_of(full);
  const Expectation& in_flow = scenario.phases[0].expect.at(0);
  EXPECT_EQ(in_flow.line, 36);
  EXPECT_EQ(in_flow.text,
            "circuit-breaker: {on: payments, opens-within: 3s, leaks-at-most: 0, probes-every: 2s ± 20%}");
  const Expectation& in_block = scenario.phases[1].expect.at(0);
  EXPECT_EQ(in_block.line, 40);
  EXPECT_EQ(in_block.text, "circuit-breaker: {on: payments, closes-within: 6s}");
}

TEST(Reader, ReadsTheGate) {
  const Gate gate = scenario_of(full).gate;
  EXPECT_TRUE(gate.on_violated);
  EXPECT_FALSE(gate.on_inconclusive);
  ASSERT_TRUE(gate.abort_when.has_value());
  EXPECT_EQ(gate.abort_when->errors_above, 0.5);
  EXPECT_EQ(gate.abort_when->lasting, 10s);
  const Gate without = scenario_of(golden::scenario).gate;
  EXPECT_TRUE(without.on_violated && without.on_inconclusive);
}

TEST(Reader, KeepsSecretsOutOfTheText) {
  const Scenario scenario = scenario_of(full);
  EXPECT_EQ(scenario.secrets, std::vector<std::string>{"hunter2"});
  EXPECT_EQ(scenario.text, full);
  EXPECT_FALSE(scenario.text.contains("hunter2"));
  EXPECT_TRUE(scenario_of(golden::scenario).secrets.empty());
}

TEST(Reader, ALimitMayEndWithItsPhase) {
  EXPECT_EQ(golden::messages(golden::broken("opens-within: 3s", "opens-within: 20s")), "");
  EXPECT_NE(golden::messages(golden::broken("opens-within: 3s", "opens-within: 20.001s")), "");
}

TEST(Reader, TheJitterMayBeAsLargeAsTheBase) {
  EXPECT_EQ(golden::messages(golden::broken("abort: {status: 503}", "latency: {base: 50ms, jitter: 50ms}")), "");
}

}  // namespace
}  // namespace stormproof::scenarios
