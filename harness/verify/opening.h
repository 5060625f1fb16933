// Opening: rows of requests that no healthy service would suppress, and the instant at which a breaker opened that did.
//
// A row counts where chance explains it with at most open_chance, and where it goes on while the calls in the air end (a
// concurrency limit suppresses, too, but lets the next one in then). Pure.
#pragma once

#include <vector>

#include "harness/verify/calls.h"

namespace stormproof::verify {

inline constexpr double open_chance = 1e-6;
inline constexpr double late_chance =
    1e-3;  // that a healthy miss is taken for a suppressed request at either end of a row
inline constexpr std::uint32_t concurrency_drop_min = 3;  // calls that ended within the run, or all
// Without trace ids a call is taken for one in flight for so long after the opening.
inline constexpr Nanoseconds in_flight_slack = std::chrono::milliseconds(20);

// Places in Calls::opportunities, both included.
struct OpenRun {
  std::size_t first = 0;
  std::size_t last = 0;
};

// The opening lies in [low, high].
struct Anchor {
  Time low{};
  Time high{};
};

std::vector<OpenRun> open_runs(const Calls& calls, Time from, Time to);

// When the breaker opened that made this run; failures before `from` do not count.
Anchor opening_of(const Calls& calls, const OpenRun& run, Time from);

}  // namespace stormproof::verify
