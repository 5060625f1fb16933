#include "reports/planned_faults.h"

#include <gtest/gtest.h>

namespace stormproof::reports {
namespace {

using namespace std::chrono_literals;

TEST(PlannedFaults, AreSaidInWordsInTheOrderOfTheScenario) {
  scenarios::Scenario scenario;
  scenarios::Phase slow{.name = "slow", .duration = 1s, .faults = {}, .expect = {}};
  scenarios::Fault late;
  late.id = "slow#1";
  late.on = "payments";
  late.latency = scenarios::LatencyFault{.base = 200ms, .jitter = 50ms};
  scenarios::Fault late_and_gone = late;
  late_and_gone.id = "slow#2";
  late_and_gone.latency->jitter = 0ms;
  late_and_gone.abort = scenarios::AbortFault{.status = 429, .body = {}, .headers = {}};
  late_and_gone.share = 0.25;
  slow.faults = {late, late_and_gone};
  scenarios::Phase down{.name = "down", .duration = 1s, .faults = {}, .expect = {}};
  scenarios::Fault gone;
  gone.id = "down#1";
  gone.on = "orders";
  gone.abort = scenarios::AbortFault{};
  down.faults = {gone};
  scenario.phases = {slow, down};

  EXPECT_EQ(planned_faults(scenario), (std::vector<PlannedFault>{
                                          {"slow#1", "slow", "payments", "hold back 200ms ± 50ms", 1},
                                          {"slow#2", "slow", "payments", "hold back 200ms, then abort with 429", 0.25},
                                          {"down#1", "down", "orders", "abort with 503", 1},
                                      }));
  EXPECT_TRUE(planned_faults({}).empty());
}

}  // namespace
}  // namespace stormproof::reports
