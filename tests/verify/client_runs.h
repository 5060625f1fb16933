// ClientRuns: what tests of several mechanisms do with simulated clients.
#pragma once

#include "harness/verify/judge.h"
#include "tests/verify/client_simulation.h"
#include "tests/verify/properties.h"

namespace stormproof::verify {

// A client of this seed; the rest is drawn by the test.
inline simulation::Client client_of(int seed) {
  simulation::Client client;
  client.seed = static_cast<std::uint64_t>(seed);
  return client;
}

// The verdict on one expectation in its outage.
inline Finding judged(const simulation::Client& client, const decltype(scenarios::Expectation::what)& claim) {
  return judge(simulation::simulate(client), simulation::scenario_of(client, claim)).front();
}

}  // namespace stormproof::verify
