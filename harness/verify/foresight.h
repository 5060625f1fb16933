// Foresight: what a scenario cannot answer, told before it is run, and the traffic that would.
//
// At best: as if every request called each dependency, every fault acted, and the service did what is claimed. What even
// then leaves a claim open by the judges' own limits is certain to be INCONCLUSIVE, or nothing but VIOLATED. What depends
// on the service (its routes, its timeouts, whether it hands traces on) is not foreseen. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "harness/base/clock.h"
#include "scenarios/model.h"

namespace stormproof::verify {

// What the schedule sends in a phase.
struct PlannedTraffic {
  std::uint64_t requests = 0;
  base::Nanoseconds lasting{0};
  double per_second() const {
    return lasting <= base::Nanoseconds(0) ? 0
                                           : static_cast<double>(requests) * 1e9 / static_cast<double>(lasting.count());
  }
};

struct Foreseen {
  std::string phase = {};
  int line = 0;              // of the expectation, in the scenario's file
  std::string claim = {};    // "circuit-breaker on payments, leaks-at-most"
  std::string missing = {};  // why there will be no answer
  std::string enough = {};   // what would give one
  bool operator==(const Foreseen&) const = default;
};

// `planned`: the steady state first, then the phases, as in the scenario.
std::vector<Foreseen> foresee(const scenarios::Scenario& scenario, std::span<const PlannedTraffic> planned);

}  // namespace stormproof::verify
