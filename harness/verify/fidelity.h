// Fidelity: was the experiment the one that the scenario describes?
//
// A generator that fell behind its schedule, requests that the harness itself shed, a phase that was not reached: then no
// verdict is given, and the reason is. Where less came to the service than the scenario describes (its target held every
// connection, so that requests were late or never left; a fault that was not delivered), nothing holds; but what was
// violated even so is violated. All limits of it stand here, and nowhere else.
#pragma once

#include <string>
#include <vector>

#include "harness/verify/finding.h"
#include "harness/verify/timeline.h"

namespace stormproof::verify {

inline constexpr Nanoseconds schedule_lag_max = std::chrono::milliseconds(5);  // p99 of a delay in a phase
inline constexpr std::uint64_t fired_min = 1;       // times that each rule of a phase must have acted
inline constexpr std::uint64_t shed_max = 0;        // requests of a phase that the harness may have dropped
inline constexpr double undelivered_chance = 1e-6;  // a rule that acted less often than chance allows was not delivered

// Why nothing in this phase can be judged; empty: nothing stands in the way. One sentence an entry.
std::vector<std::string> doubts(const PhaseWindow& phase);

// What the target did to the schedule of this phase by holding every connection; "" where that is within the limits.
std::string held_up(const View& view, const PhaseWindow& phase);

// Which faults of this phase were not delivered, and how it shows.
std::vector<std::string> undelivered(const View& view, const PhaseWindow& phase);

// Makes the finding INCONCLUSIVE for these reasons; its measurements stay.
void withhold(Finding& finding, const std::vector<std::string>& reasons);

// For this reason nothing holds; what was violated stays violated.
void withhold_holds(Finding& finding, const std::string& reason);

}  // namespace stormproof::verify
