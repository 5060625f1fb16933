// Timeout: how long the service waits for a dependency that hangs, and whether it lets go of the call.
//
// A call hangs when a fault of the phase holds it and the service ends it (`cancelled`), or when it lasts longer than
// the claim, whoever ends it then. One that a fault answered earlier says nothing. Stages are told apart by what had
// come when it hung: no head, or a part of the body, which trickles (by a fault that sends little by little) or stands
// still. Where no call came at all, those requests tell that always call otherwise: they hang while they connect. A call that
// was ended because the harness itself left the request says nothing either. "Within" is meant with `lateness`: timers fire late, never early. Late calls may be
// late_share_max of all; a call that lasts for endless() is one of those that are never given up, and one is enough.
// A leak is a call that outlives the answer to its request by leak_slack. Pure.
#pragma once

#include "harness/verify/evidence.h"
#include "harness/verify/finding.h"
#include "harness/verify/timeline.h"

namespace stormproof::verify {

inline constexpr double late_share_max = 0.05;  // 59 calls that hang are enough to say so
inline constexpr Nanoseconds lateness_least = std::chrono::milliseconds(10);
inline constexpr double lateness_share = 0.05;
inline constexpr Nanoseconds leak_slack = std::chrono::milliseconds(50);
inline constexpr Nanoseconds connecting_least = std::chrono::milliseconds(100);  // a request that waited for something
inline constexpr double background_share_max = 0.01;  // of healthy calls that outlive their request

Nanoseconds lateness(Nanoseconds limit);
Nanoseconds endless(Nanoseconds limit);

Finding judge_timeout(const View& view, const PhaseWindow& phase, const scenarios::TimeoutExpectation& expectation);

}  // namespace stormproof::verify
