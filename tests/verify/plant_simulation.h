// PlantSimulation: a service that a stall or a surge fills with work, and that comes back by itself or does not.
//
// Pure: one Plant gives one log; the claim stands in the phase "after".
#pragma once

#include "tests/verify/run_log.h"

namespace stormproof::verify::simulation {

struct Plant {
  int seed = 1;
  bool stays_down = false;  // who waited for long costs more: the queue never empties
  double per_second = 100;
  double load = 0.6;       // of its capacity
  double stall_ms = 3000;  // what the fault does: nothing is served meanwhile
  double surge = 0;        // instead of the fault: so many times the load
  double background = 0;
  double after_times = 1;  // the load afterwards, in comparison
  double spread = 0.1;
  bool poisson = true;
};

Plant drawn_plant(int seed);
RunLog simulate(const Plant& plant);
scenarios::Scenario scenario_of(const Plant& plant, const RunLog& run,
                                const scenarios::MetastabilityExpectation& claim);

}  // namespace stormproof::verify::simulation
