// Circuit breaker: does it open, hold, probe and close as claimed? Inferred from traffic alone.
//
// opens-within counts from the first failure that the fault caused; leaks and probes are those of the phase's faults;
// closes-within counts from the heal and applies to the breaker as the earlier phases left it. Where the faults take
// only some paths or methods of the dependency, only the routes that they hit are looked at.
// Method: reference, verification, section 1. Constants: calls.h, openness.h, breaker_checks.h.
#pragma once

#include "harness/verify/finding.h"
#include "harness/verify/timeline.h"

namespace stormproof::verify {

Finding judge_circuit_breaker(const View& view, const PhaseWindow& phase,
                              const scenarios::BreakerExpectation& expectation);

}  // namespace stormproof::verify
