#include "harness/verify/foreseen_load.h"

#include <gtest/gtest.h>

#include "tests/verify/hand_log.h"

namespace stormproof::verify {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// A steady state of 5 s, a phase of 15 s.
struct Plan {
  HandScenario plan{5'000};
  std::vector<PlannedTraffic> planned{{500, seconds(5)}, {3000, seconds(15)}};
  Plan() { plan.add("more", 15'000); }
  Plan& steps(std::vector<scenarios::RateStep> steps) {
    plan.scenario.traffic.rate_per_second.reset();
    plan.scenario.traffic.poisson_per_second.reset();
    plan.scenario.traffic.steps = std::move(steps);
    return *this;
  }
  std::vector<PlannedLevel> levels() const { return planned_levels(plan.scenario, planned, 1).value(); }
};

TEST(ForeseenLoad, StepsAreLevels) {
  Plan plan;
  plan.steps({{100, seconds(7)}, {200, milliseconds(200)}, {300, seconds(5)}, {600, {}}});
  const auto levels = plan.levels();
  ASSERT_EQ(levels.size(), 4u);  // 200/s is too short, 100/s is cut by the phase
  EXPECT_EQ(levels[0].per_second, 100);
  EXPECT_EQ(levels[0].phase, 0u);
  EXPECT_EQ(levels[3].per_second, 600);
  EXPECT_EQ(levels[3].phase, 1u);
}

TEST(ForeseenLoad, AFaultIsNoLevelAndARampIsNotForeseen) {
  Plan plan;
  plan.steps({{100, seconds(5)}, {300, {}}});
  plan.plan.scenario.phases[0].faults = {HandScenario::fault("more#1")};
  EXPECT_EQ(plan.levels().size(), 1u);
  plan.steps({});
  EXPECT_FALSE(planned_levels(plan.plan.scenario, plan.planned, 1));
}

TEST(ForeseenLoad, OneRateShowsNoOverload) {
  EXPECT_FALSE(shows_overload({{100, 0}, {100, 1}}, 1, 3));
  EXPECT_FALSE(shows_overload({{100, 0}, {140, 1}}, 1, 3));
  EXPECT_TRUE(shows_overload({{100, 0}, {150, 1}}, 1, 3));  // for a peak of 52/s
  EXPECT_TRUE(shows_overload({{100, 0}, {300, 1}}, 1, 3));
  EXPECT_FALSE(shows_overload({{300, 0}, {100, 1}}, 1, 3));
  EXPECT_FALSE(shows_overload({}, 1, 3));
}

}  // namespace
}  // namespace stormproof::verify
