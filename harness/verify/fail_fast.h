// Fail fast: while a breaker is open, a request that would have called the dependency is answered at once.
//
// Looked at are the requests of the open runs after the first opening (openness.h) that did not call; with them those
// that did neither call nor get an answer. A breaker that lets callers wait behind its probe, or for a lock, shows here.
// Their p99 decides as in latency.h: HOLDS on what they took at most, VIOLATED on what the service took at least. Only
// with trace ids: by rate, requests that do not depend on the dependency stand among them. Pure.
#pragma once

#include "harness/verify/breaker_checks.h"

namespace stormproof::verify {

inline constexpr double fail_fast_quantile = 0.99;

Check check_fails_fast(const Outage& outage, Nanoseconds within);

// Numbers of the requests that took longer, at most `finding_exchanges_max`.
std::vector<std::uint64_t> slow_while_open(const Outage& outage, Nanoseconds within);

}  // namespace stormproof::verify
