// Breaker scope: for whom a breaker opens: one host or all of a service's, by the calls to the others meanwhile.
//
// Looked at are the requests that came while the breaker on the hurt host was surely open, of routes that in the steady state
// call one of the others without calling that host: a request that needs both fails before it asks the second. Where these
// go on as before, it is a breaker of the host; where they stop, of the service. Only with trace ids, and where nothing
// hurts the others. Pure.
#pragma once

#include "harness/verify/breaker_checks.h"
#include "harness/verify/timeline.h"

namespace stormproof::verify {

inline constexpr double going_on_least = 0.5;   // of the calls that requests made before, for them to go on
inline constexpr double stopped_most = 0.1;     // for them to have stopped
inline constexpr double solo_share_min = 0.05;  // of a route's requests that call another host alone
inline constexpr std::uint64_t expected_calls_min = 20;

Check check_hosts(const View& view, const PhaseWindow& phase, const Outage& outage,
                  const scenarios::BreakerExpectation& claim);

}  // namespace stormproof::verify
