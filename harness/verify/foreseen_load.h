// Foreseen load: the levels of load that a schedule offers, as load.h will find them, and whether overload can show at them.
//
// Known for an even rate and for steps; of others nothing is foreseen. Pure.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "harness/verify/foresight.h"

namespace stormproof::verify {

struct PlannedLevel {
  double per_second = 0;
  std::size_t phase = 0;  // 0: the steady state
};

// Long enough and of enough requests to be judged, and without a fault, up to the end of phase `last`; nothing: not foreseen.
std::optional<std::vector<PlannedLevel>> planned_levels(const scenarios::Scenario& scenario,
                                                        std::span<const PlannedTraffic> planned, std::size_t last);

// Whether for any peak of the service one level is a little above it, and one of phase `here` near `at` times of it.
bool shows_overload(const std::vector<PlannedLevel>& levels, std::size_t here, double at);

}  // namespace stormproof::verify
