// BulkheadSimulation: a service that lets so many calls to a dependency be under way at once, while the dependency hangs.
//
// Pure: one Ship gives one log. Half of the requests call the dependency, the others never do.
#pragma once

#include "tests/verify/run_log.h"

namespace stormproof::verify::simulation {

enum class Wall : std::uint8_t {
  right,
  none,            // every request calls
  two_more,        // than it says
  shared_threads,  // calls take the threads of all requests
  frees_early,     // its place is free when it answers, while the call goes on
  breaker,         // no bulkhead: calls stop after a few
};

struct Ship {
  int seed = 1;
  Wall wall = Wall::right;
  double per_second = 200;
  int limit = 10;
  int queue = 0;  // so many wait for a place, each for `patience_ms` at most
  double patience_ms = 100;
  int threads = 40;
  double timeout_ms = 500;
  double share = 1;  // of the calls that hang
  bool poisson = true;
  bool traced = true;
  double background = 0;         // of the dependency's answers
  double others_background = 0;  // of the others' own
  double spread = 0.3;
};

Ship drawn_ship(int seed);
scenarios::BulkheadExpectation bulkhead_claim(const Ship& ship);
RunLog simulate(const Ship& ship);
scenarios::Scenario scenario_of(const Ship& ship, const RunLog& run, const scenarios::BulkheadExpectation& claim);

}  // namespace stormproof::verify::simulation
