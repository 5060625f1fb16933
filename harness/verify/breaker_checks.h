// Breaker checks: each statement that a scenario makes about a circuit breaker, decided on what was observed.
//
// Every check says what was measured and on how many samples, or what was missing and what would suffice. Pure.
// Least traffic (reference, verification, breaker): see the constants; below them a check is INCONCLUSIVE.
#pragma once

#include "harness/verify/finding.h"
#include "harness/verify/openness.h"
#include "scenarios/model.h"

namespace stormproof::verify {

inline constexpr double window_requests_min = 7;                       // opportunities in a sleep window, correlated
inline constexpr double window_calls_min_by_rate = 14;                 // the same where calls carry no trace id
inline constexpr std::uint64_t volume_threshold = 20;                  // the largest that is common: Hystrix
inline constexpr std::uint64_t ample_failures = 2 * volume_threshold;  // without an opening in time: VIOLATED
inline constexpr std::uint64_t suppressed_min = 100;                   // for "no leak": excludes a share of 3 % at 95 %
inline constexpr std::size_t probe_cycles_min = 2;                     // for "probes every"
inline constexpr int phase_windows_min = 3;  // sleep windows that a fault phase lasts after the opening
inline constexpr std::uint64_t closed_calls_min =
    20;  // after the closing, without an open run: wider than any half-open
inline constexpr Nanoseconds sleep_assumed =
    std::chrono::seconds(1);  // where nothing is claimed or measured: the least preset

// A window in which faults were on, as it was read.
struct Outage {
  const Calls* calls = nullptr;
  Time from{};
  Time to{};
  Reading reading = {};
  bool law_against_claim = false;  // the probes follow a law of their own, outside the one that was claimed
  Nanoseconds sleep{0};            // claimed, measured or assumed
  bool sleep_claimed = false;
  Nanoseconds sleep_most{0};  // where it is claimed: with its tolerance
  Nanoseconds lingering{0};   // so long may retries go on after an opening
  std::string starved = {};   // too little traffic, and what would suffice; empty: enough
};
Outage outage_of(const Calls& calls, Time from, Time to, const std::optional<scenarios::Around>& claim);

// After the heal.
struct Healing {
  const Calls* calls = nullptr;
  Time from{};  // of the outage
  Time heal{};
  Time to{};  // observed to
  Nanoseconds sleep{0};
  std::optional<Time> closed = {};  // set by check_closes: the first call after which nothing was suppressed
  std::vector<std::uint64_t> suppressed_late = {};  // requests suppressed after the limit
};

Check check_opens(const Outage& outage, Nanoseconds within);
Check check_leaks(const Outage& outage, std::uint64_t at_most, bool claimed_sleep);
Check check_probes(const Outage& outage, const scenarios::Around& every);
Check check_closes(Healing& healing, Nanoseconds within);

}  // namespace stormproof::verify
