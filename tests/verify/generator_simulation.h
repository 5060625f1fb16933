// Generator simulation: a sender with a limit of connections, on a machine that may be slow, before a service that may
// hang, in simulated time. Pure: one Load gives one log. The service's true times go into the Truth, which no verifier sees.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <random>
#include <vector>

#include "harness/events/log.h"
#include "scenarios/model.h"

namespace stormproof::verify::simulation {

using base::Nanoseconds;
using base::Time;

struct Pause {
  Nanoseconds from{0};  // of the run
  Nanoseconds lasting{0};
};

struct Load {
  std::uint64_t seed = 1;
  double per_second = 200;
  Nanoseconds steady = std::chrono::seconds(5);
  Nanoseconds phase = std::chrono::seconds(15);
  std::size_t connections_max = 64;
  Nanoseconds timeout = std::chrono::seconds(30);
  Nanoseconds grace = std::chrono::seconds(5);  // for answers after the end
  // The generator's machine.
  std::vector<Pause> pauses = {};
  Nanoseconds cost = std::chrono::microseconds(20);  // of each thing that it does
  // The service: how long it takes for a request that reaches it so long after the beginning; nothing: for ever.
  std::function<std::optional<Nanoseconds>(Nanoseconds at, std::mt19937_64& random)> service;
};

struct LoadTruth {
  std::vector<Nanoseconds> took;  // what the service took for each request that it answered
  std::uint64_t hung = 0;
};

struct LoadRun {
  events::Log log;
  LoadTruth truth;
};

LoadRun simulate(const Load& load);

// Steady state and a phase "load", each with these expectations.
scenarios::Scenario scenario_of(const Load& load, const std::vector<scenarios::Expectation>& expectations);

}  // namespace stormproof::verify::simulation
