#include "harness/run/preview.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "faults/injector.h"
#include "harness/events/recorder.h"
#include "harness/run/fault_rules.h"

namespace stormproof::run {
namespace {

using std::chrono::seconds;

scenarios::Scenario scenario_of(std::vector<scenarios::Fault> faults) {
  scenarios::Scenario scenario;
  scenario.traffic.rate_per_second = 100;
  scenario.steady_state.name = "steady state";
  scenario.steady_state.duration = seconds(2);
  scenario.phases.push_back({.name = "down", .duration = seconds(3), .faults = std::move(faults), .expect = {}});
  return scenario;
}

scenarios::Fault fault_of(std::string id, double share) {
  scenarios::Fault fault;
  fault.id = std::move(id);
  fault.on = "payments";
  fault.abort = scenarios::AbortFault{};
  fault.share = share;
  return fault;
}

replay::Script script_of(std::size_t requests) {
  replay::Script script;
  for (std::size_t n = 0; n < requests; ++n) {
    replay::ScriptRequest request;
    request.id = n + 1;
    request.method = "GET";
    request.target = "/checkout/" + std::to_string(n);
    request.fields = "GET " + request.target + " HTTP/1.1\r\nHost: a\r\nX-Odd: " + std::to_string(n % 2) + "\r\n";
    script.add(std::move(request));
  }
  return script;
}

TEST(Preview, CountsTheRequestsOfEachPhase) {
  const auto made = preview(scenario_of({fault_of("down#1", 1)}), script_of(40), 1);
  ASSERT_TRUE(made.has_value());
  EXPECT_EQ(made->requests, 500U);
  EXPECT_EQ(made->phases[0].requests, 200U);
  EXPECT_EQ(made->phases[1].requests, 300U);
  EXPECT_EQ(made->rules[0].considered, 300U);
  ASSERT_EQ(made->rules[0].hits.size(), 300U);
  EXPECT_EQ(made->rules[0].hits[0].request, 201U);
  EXPECT_EQ(made->rules[0].hits[0].recorded, 1U) << "the capture goes round: 200 is five times 40";
}

// The promise: what the injector does to the calls of these requests is what was told before.
TEST(Preview, IsWhatTheInjectorThenDoes) {
  auto by_request = fault_of("by request", 0.3);
  by_request.targeting.by_request = true;
  auto exact = fault_of("exact", 0.3);
  exact.methods = {"POST"};
  exact.paths = {"/charge"};
  auto odd = fault_of("odd", 0.5);
  odd.targeting.headers = {{"X-Odd", "1"}};
  const auto scenario = scenario_of({by_request, exact, odd});
  const auto script = script_of(40);
  const auto made = preview(scenario, script, 77);
  ASSERT_TRUE(made.has_value());

  const base::SystemClock clock;
  events::Recorder sink;
  faults::Injector injector(clock, sink, sink.name("payments"));
  for (std::size_t i = 0; i < made->rules.size(); ++i) {
    injector.apply(faults::Plan(77, {rule_of(scenario.phases[0].faults[i])}));
    std::vector<std::uint64_t> hit, told;
    for (std::uint64_t n = 500; n > 200; --n) {
      const auto& recorded = script.requests[(n - 1) % script.requests.size()];
      wire::Head head;
      const bool charges = i == 1;
      head.method = charges ? std::string_view("POST") : std::string_view(recorded.method);
      head.target = charges ? std::string_view("/charge") : std::string_view(recorded.target);
      head.bytes = recorded.fields;
      head.trace = replay::trace_of(77, n);
      const auto interception = injector.intercept({head, 1, n, clock.now()});
      if (interception == nullptr) continue;
      hit.insert(hit.begin(), n);
      interception->ended({}, 0);
    }
    for (const Hit& one : made->rules[i].hits) told.push_back(one.request);
    EXPECT_EQ(told, hit) << made->rules[i].id;
    EXPECT_GT(told.size(), 20U);
    EXPECT_LT(told.size(), 200U);
  }
  const Agreement found = agreement(scenario, sink.log(), 77);
  EXPECT_EQ(found.decisions, 300U + 300U + 150U);
  EXPECT_EQ(found.agreeing, found.decisions);
  EXPECT_LT(agreement(scenario, sink.log(), 78).agreeing, found.decisions) << "of another seed they are not";
  const faults::Replayed fired = fired_in(sink.log());
  const Agreement again = agreement(scenario, sink.log(), 78, &fired);
  EXPECT_GT(again.decisions, 0U);
  EXPECT_EQ(again.agreeing, again.decisions) << "a replay is held against what fired, whatever is drawn";
  EXPECT_LT(agreement(scenario, sink.log(), 77, std::make_unique<faults::Replayed>().get()).agreeing, again.decisions);
}

TEST(Preview, WhatCountsInTheOrderOfArrivalIsNotNamed) {
  auto counted = fault_of("counted", 1);
  counted.targeting.first = 3;
  const auto made = preview(scenario_of({counted}), script_of(4), 1);
  EXPECT_TRUE(made->rules[0].hits.empty());
  EXPECT_FALSE(made->rules[0].known);
  EXPECT_THAT(made->rules[0].basis, ::testing::HasSubstr("cannot be known before"));
}

}  // namespace
}  // namespace stormproof::run
