// Half-open: how many calls a breaker lets through before it is clear whether the dependency is well.
//
// A round is a probe and the calls that came before its outcome, or, where every round has as many, in a row after it
// (openness.h). Only rounds in which every call failed count: a good outcome closes. More calls in a round than claimed
// break the claim. As many keep it where requests wanted more: one was suppressed before the first outcome, or the row
// went on after it; such pressure with fewer calls breaks it, too, once chance cannot explain it. A dependency that fails at
// once leaves no time for that, one that hangs does. Only with trace ids. Pure.
#pragma once

#include "harness/verify/breaker_checks.h"

namespace stormproof::verify {

inline constexpr std::size_t half_open_rounds_min = 2;

Check check_half_open(const Outage& outage, std::uint64_t calls);

}  // namespace stormproof::verify
