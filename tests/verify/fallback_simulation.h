// FallbackSimulation: a service that answers from something else what it cannot get from its dependency.
//
// Pure: one Kitchen gives one log.
#pragma once

#include "tests/verify/run_log.h"

namespace stormproof::verify::simulation {

enum class Answer : std::uint8_t { right, fails, empty, broken, another_shape, slow, stale, silent_on_age, none };

struct Kitchen {
  int seed = 1;
  Answer answer = Answer::right;
  double bad_share = 1;  // of the fallbacks that the defect takes
  double per_second = 120;
  double share = 1;      // of the calls that fail
  bool breaker = false;  // most requests make no call at all
  bool traced = true;
  bool looked = true;     // the run looked into answers
  double background = 0;  // of the dependency's own answers
  double spread = 0.3;
};

Kitchen drawn_kitchen(int seed);
scenarios::FallbackExpectation fallback_claim();
RunLog simulate(const Kitchen& kitchen);
scenarios::Scenario scenario_of(const Kitchen& kitchen, const RunLog& run, const scenarios::FallbackExpectation& claim);

}  // namespace stormproof::verify::simulation
