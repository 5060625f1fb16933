// Recovers: how long after the faults were healed the service is as good as before.
//
// The phase is cut into windows of window_min or of window_requests requests, whichever is longer. A window is in the
// steady state's band when its failures, and its requests slower than the steady state's p99 (upper bound, with
// latency_margin), are no more than chance makes of the steady state's own shares, at band_chance. Recovery is the
// start of the first stretch of the claim's windows in the band that is in the band as a whole, too, and after which the
// service did not fall ill again for as long (at least relapse_windows_min, in half of them: a hiccup is none); from heal
// (faults_off) to there. It is known to one window: reported as an interval. Split: heal -> first good answer ->
// stable; each of the two has its limit. However wide the windows: where the first requests after the limit were all ill, in a row of a chance
// of band_chance at most, the service had not recovered by then. A stretch of fewer than stable_requests_min requests shows nothing. Goodput:
// traffic is open loop, so the share of good answers times the offered rate is the goodput.
#pragma once

#include "harness/verify/finding.h"
#include "harness/verify/timeline.h"

namespace stormproof::verify {

inline constexpr Nanoseconds recovery_window_min = std::chrono::milliseconds(100);
inline constexpr std::uint64_t recovery_window_requests = 20;
inline constexpr std::size_t relapse_windows_min = 10;
inline constexpr std::uint64_t stable_requests_min = 100;
inline constexpr std::uint64_t first_requests_min = 5;     // within the limit, for there to be no good answer
inline constexpr std::uint64_t steady_requests_min = 100;  // fewer make no band
inline constexpr double band_chance = 1e-4;
inline constexpr double latency_margin = 1.25;                                     // on the steady state's p99 ...
inline constexpr Nanoseconds latency_margin_least = std::chrono::milliseconds(5);  // ... and at least this

Finding judge_recovers(const View& view, const PhaseWindow& phase, const scenarios::RecoversExpectation& expectation);

}  // namespace stormproof::verify
