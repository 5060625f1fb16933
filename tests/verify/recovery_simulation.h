// RecoverySimulation: a service after an outage: when and how it becomes as good as it was.
//
// Pure: one Patient gives one log; the claim stands in the phase "after".
#pragma once

#include "tests/verify/run_log.h"

namespace stormproof::verify::simulation {

enum class Ailment : std::uint8_t {
  none,
  never_well,    // goes on as in the outage
  well_late,     // twice as late as it says, and a second
  relapses,      // well when it says, ill again from a second later on
  ill_for_some,  // one request in five stays ill
};

struct Patient {
  int seed = 1;
  Ailment ailment = Ailment::none;
  double per_second = 100;
  double back_ms = 1000;   // after the heal
  double creeping_ms = 0;  // so long before it is well, ever fewer requests are ill
  bool slow = false;       // ill means slow, else failing
  double background = 0;   // share of requests that fail at all times
  double missing = 0;      // share that is answered with 404 at all times
  double spread = 0.3;
  bool poisson = true;
};

Patient drawn_patient(int seed);
double claimed_ms(const Patient& patient);
RunLog simulate(const Patient& patient);

}  // namespace stormproof::verify::simulation
