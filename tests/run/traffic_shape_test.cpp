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

}  // namespace
}  // namespace stormproof::run
