// Fallback: what a service answers in place of what it cannot get.
//
// Looked at are the requests of the fault's time that could not have it: each of a route that calls the dependency while all is
// well, that got no good answer from it, be it that its calls failed or hung or that it made none (a breaker was open). They are
// known by trace id. Of 100 of them 99 must be right, in each respect: the class of the status; the time, as for latency; the
// body, which is never empty unless answers of its route are, and JSON, or JSON of a shape that answers of its
// route have in the steady state, where that is claimed; its age by the header Age, where a limit is claimed. Pure.
#pragma once

#include "harness/verify/evidence.h"
#include "harness/verify/finding.h"
#include "harness/verify/timeline.h"

namespace stormproof::verify {

inline constexpr double fallback_bad_max = 0.01;

Finding judge_fallback(const View& view, const PhaseWindow& phase, const scenarios::FallbackExpectation& expectation);

}  // namespace stormproof::verify
