// Openness: when a breaker was open, and which calls were made all the same.
//
// An open run is a row of suppressed opportunities that chance explains with at most open_chance, and that goes on
// while the calls in the air end (a concurrency limit suppresses, too, but lets the next one in then). A breaker opens
// when the tripping call completes: between its end at the proxy and the service's answer to its request. From there on
// a call is one of: in flight (its request began before the opening), a probe (no earlier than the least sleep window
// after the last opening), half-open width (started before the first probe's outcome, or in an equal number after it in
// every cycle), or a leak. Without trace ids a call that may be a retry of a request let in before the opening (one was
// under way still, or the opening is not long ago) is unclear. A leak does not move the instant of reopening. When a probe succeeds the breaker counts as
// closed until the next open run. Pure. Method: reference, verification, breaker, steps 3 to 6 and 11.
#pragma once

#include <optional>
#include <vector>

#include "harness/verify/opening.h"
#include "harness/verify/sleep_window.h"

namespace stormproof::verify {

inline constexpr double estimate_chance = 1e-2;  // the same, where only the estimate rests on it
inline constexpr double late_chance = 1e-3;  // that a healthy miss is taken for the last suppressed request of a cycle
// So few calls between a good probe and the next open run may still be probes: one under way may be what reopens it.
inline constexpr std::size_t half_open_max = 10;
// Without trace ids a call so soon after an opening may be a retry that outlives its request.
inline constexpr Nanoseconds retry_reach = std::chrono::milliseconds(500);

struct Cycle {
  Anchor opened = {};
  Interval sleep = {};             // without a probe: high is Nanoseconds::max()
  Nanoseconds low_at_best{0};      // of it, by lone requests: for estimates
  std::optional<Time> probe = {};  // start of the first
  Time outcome{};                  // of the probes
  std::uint64_t request = 0;       // of the first probe
  std::size_t width = 0;           // calls let through before it was clear
  std::size_t width_after = 0;     // of these, started after the first outcome
  std::optional<Time> good = {};   // by when the service knew of the first that succeeded
  bool after_success = false;      // a probe had succeeded before: when it opened again is known less well
};

struct Openness {
  std::vector<OpenRun> runs = {};
  std::optional<Anchor> opened = {};       // the first opening in the window
  bool already_open = false;               // at the start of the window: no failure came before
  std::optional<Time> first_failure = {};  // that the fault caused
  std::uint64_t trip_calls = 0;            // from the start of the window to the opening
  std::uint64_t in_flight = 0;             // at the first opening
  std::uint64_t suppressed = 0;            // after the first opening
  std::vector<std::uint32_t> leaked = {};  // places in Calls::calls, one a request
  std::uint64_t unclear = 0;               // without trace ids: leaks, or retries of requests that were let in before
  std::uint64_t after_success = 0;         // calls after a probe that succeeded, when it was not surely open again
  std::vector<Cycle> cycles = {};
};

// The least time that a breaker sleeps after its n-th opening, for telling probes from leaks.
struct SleepLeast {
  Nanoseconds first{0};
};

// Reads [from, to): a window in which faults were on.
Openness observe(const Calls& calls, Time from, Time to, SleepLeast least);

// What is known of the sleep windows: whole cycles only.
std::vector<Interval> sleeps(const Openness& seen);
// The same, as fine as it can be told where no verdict against the service rests on it.
std::vector<Interval> finest_sleeps(const Openness& seen);

// Reads the window without a claim: finds the law that explains the probes, and with it the leaks.
struct Reading {
  Openness seen = {};
  SleepWindow window = {};
  bool established = false;  // a constant or growing law explains the probes; else leaks cannot be told from probes
};
Reading read_freely(const Calls& calls, Time from, Time to);

inline constexpr std::size_t established_cycles_min = 3;  // for a law that makes leaks of what does not fit
inline constexpr double sharp_share = 0.7;                // low to high of a cycle that such a law may rest on
inline constexpr std::size_t law_candidates_max = 12;     // calls from which sleep windows are proposed

}  // namespace stormproof::verify
