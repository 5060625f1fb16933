// OverloadSimulation: a service of a known capacity under steps of load, below it and beyond it.
//
// Pure: one Server gives one log. One request in five is important.
#pragma once

#include "tests/verify/run_log.h"

namespace stormproof::verify::simulation {

enum class Shedding : std::uint8_t {
  right,
  none,            // a queue without an end
  collapses,       // each request is dearer the longer the queue
  refuses_late,    // after a second
  refuses_anyone,  // important or not
};

struct Server {
  int seed = 1;
  Shedding how = Shedding::right;
  double capacity = 100;
  int workers = 4;
  int queue = 24;
  std::vector<double> steps = {0.5, 0.8, 1.0, 1.5, 2, 3};  // times the capacity
  double step_ms = 4000;
  double background = 0;
  double spread = 0.1;
  bool poisson = true;
};

Server drawn_server(int seed);
scenarios::OverloadExpectation overload_claim();
RunLog simulate(const Server& server);
scenarios::Scenario scenario_of(const Server& server, const RunLog& run, const scenarios::OverloadExpectation& claim);

}  // namespace stormproof::verify::simulation
