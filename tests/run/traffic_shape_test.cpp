#include "harness/run/traffic_shape.h"

#include <gtest/gtest.h>

#include <fstream>

#include "tests/support/temp_dir.h"

namespace stormproof::run {
namespace {

std::string pacing(const scenarios::Traffic& traffic) {
  scenarios::Scenario scenario;
  scenario.traffic = traffic;
  return replay::to_string(*pacing_of(scenario, 1));
}

TEST(TrafficShape, EachShapeOfTheLanguageIsAPacing) {
  scenarios::Traffic traffic;
  traffic.rate_per_second = 5;
  EXPECT_EQ(pacing(traffic), "5/s");
  traffic = {};
  traffic.speed = 3;
  EXPECT_EQ(pacing(traffic), "3x");
  traffic = {};
  traffic.ramp = scenarios::Ramp{1, 2, std::chrono::seconds(3)};
  EXPECT_EQ(pacing(traffic), "1/s to 2/s over 3s");
  traffic = {};
  traffic.steps = {{10, std::chrono::seconds(1)}, {20, std::nullopt}};
  EXPECT_EQ(pacing(traffic), "10/s for 1s, 20/s");
  traffic = {};
  traffic.poisson_per_second = 7;
  EXPECT_EQ(pacing(traffic), "poisson 7/s");
}

TEST(TrafficShape, ATraceLiesBesideTheScenario) {
  const support::TempDir folder;
  std::ofstream(folder.path() / "trace.csv") << "at\n1\n2\n";
  scenarios::Scenario scenario;
  scenario.file = folder.path() / "scenario.yaml";
  scenario.traffic.arrivals = scenarios::ArrivalsFile{"trace.csv", "at", 2};
  const auto found = pacing_of(scenario, 1);
  ASSERT_TRUE(found);
  EXPECT_EQ(std::get<replay::Arrivals>(*found).times.size(), 2u);
  EXPECT_EQ(std::get<replay::Arrivals>(*found).factor, 2);
  scenario.traffic.arrivals->file = "none.csv";
  EXPECT_FALSE(pacing_of(scenario, 1));
}

TEST(TrafficShape, ConnectionsAreAsTheScenarioSays) {
  scenarios::Traffic traffic;
  EXPECT_EQ(affinity_of(traffic), replay::Affinity::pool);
  traffic.affinity = scenarios::Affinity::recorded;
  EXPECT_EQ(affinity_of(traffic), replay::Affinity::recorded);
  traffic.affinity = scenarios::Affinity::session;
  EXPECT_EQ(affinity_of(traffic), replay::Affinity::session);
}

TEST(TrafficShape, WhatTheScenarioSaysOfTrafficReachesTheReplay) {
  scenarios::Scenario scenario;
  scenarios::Traffic& traffic = scenario.traffic;
  traffic.methods = {"GET"};
  traffic.paths_left_out = {"/admin/*"};
  traffic.sessions = 0.5;
  traffic.allow_writes = true;
  traffic.rewrites.host = "shop";
  traffic.rewrites.paths = {{"/a/*", "/b/*"}};
  const replay::ScriptOptions script = script_of(scenario, 7);
  EXPECT_EQ(script.filter.methods, traffic.methods);
  EXPECT_EQ(script.filter.paths_left_out, traffic.paths_left_out);
  EXPECT_EQ(script.filter.sessions, 0.5);
  EXPECT_EQ(script.filter.seed, 7u);
  EXPECT_TRUE(script.allow_writes);
  EXPECT_EQ(script.rewrites.host, "shop");
  EXPECT_EQ(script.rewrites.paths, traffic.rewrites.paths);

  EXPECT_EQ(shots_of(traffic, 7).key_seed, 7u);
  traffic.keep_idempotency_keys = true;
  traffic.requests_max = 10;
  traffic.rate_per_second_max = 20;
  const replay::ShotOptions shots = shots_of(traffic, 7);
  EXPECT_FALSE(shots.key_seed.has_value());
  EXPECT_EQ(shots.requests_max, 10u);
  EXPECT_EQ(shots.per_second_max, 20);

  EXPECT_EQ(sender_of(scenario).at_limit, replay::AtLimit::queue);
  traffic.drops_at_limit = traffic.precise = true;
  traffic.timeout = std::chrono::seconds(3);
  const replay::SenderOptions sender = sender_of(scenario);
  EXPECT_EQ(sender.at_limit, replay::AtLimit::drop);
  EXPECT_TRUE(sender.precise);
  EXPECT_EQ(sender.timeout, std::chrono::seconds(3));
}

TEST(TrafficShape, WhatTheExpectationsLookAtIsWatched) {
  scenarios::Scenario scenario;
  EXPECT_FALSE(script_of(scenario, 1).b3);
  EXPECT_EQ(sender_of(scenario).carriers, events::in_traceparent);
  EXPECT_FALSE(sender_of(scenario).looks_into_answers);
  scenario.steady_state.expect.push_back(
      {.what = scenarios::TraceExpectation{.on = "payments", .headers = {"x-b3"}}, .text = {}});
  EXPECT_TRUE(script_of(scenario, 1).b3);
  EXPECT_EQ(sender_of(scenario).carriers, events::in_traceparent | events::in_x_b3);
}

TEST(TrafficShape, RulesOfAComparisonAreReadOrSaidToBeWrong) {
  EXPECT_TRUE(difference_rules_of({.ignored = {"$.at"}, .unordered = {"$.items"}, .tolerated = {"$.price=1%"}}));
  EXPECT_FALSE(difference_rules_of({.ignored = {"nonsense"}}));
}

}  // namespace
}  // namespace stormproof::run
