// Hidden leaks: calls that were read as the first probe of a cycle, and that may as well be leaks.
//
// A leak that comes when a probe may be due looks like one. What tells them apart is the next call of another request: a
// probe's failure makes the breaker sleep anew, a leak's does not. So the first call L of a cycle is a probe for certain
//   - where the next one comes later after the opening than the breaker ever sleeps, or
//   - where requests were suppressed while the next ones were under way, though half-open lets more through in other
//     cycles than came beside L, or
//   - where the other cycles, of a constant law, show that the breaker had slept enough by then.
// And a success after which requests are still suppressed is no probe's, unless another one failed meanwhile.
// By rate, where a call has no request: a cycle with more calls than the others have may hold a leak. Pure.
#pragma once

#include <vector>

#include "harness/verify/openness.h"

namespace stormproof::verify {

inline constexpr double hidden_chance = 0.05;  // that healthy misses look like requests suppressed half-open
inline constexpr double hiding_share_max =
    0.005;  // of the time that it sleeps: so seldom would a leak look like a probe
inline constexpr std::size_t width_cycles_min = 2;  // that let so many through, for it to be known

// The longest that the breaker may sleep in a cycle, from 0: as claimed, else by the law that its own probes follow.
struct SleepMost {
  std::optional<Nanoseconds> claimed = {};
  const SleepWindow* own = nullptr;
  Nanoseconds of(std::size_t cycle) const { return claimed ? *claimed : own->of(cycle).high; }
};

// Places in `seen.cycles`.
std::vector<std::size_t> hidden_leaks(const Calls& calls, const Openness& seen, const SleepMost& most);

}  // namespace stormproof::verify
