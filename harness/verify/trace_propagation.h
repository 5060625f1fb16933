// Trace propagation: whether the calls that a service makes carry the trace id of the request they are made for.
//
// A call carries it when its `traceparent` has the trace id of a request that had begun, and had not been over for
// stale_after. Pure. The parent id of a call is not in the log: whether it is a new one is not judged.
#pragma once

#include "harness/verify/evidence.h"
#include "harness/verify/finding.h"
#include "harness/verify/timeline.h"

namespace stormproof::verify {

inline constexpr Nanoseconds stale_after = std::chrono::seconds(30);  // background work may carry on so long

Finding judge_trace_propagation(const View& view, const PhaseWindow& phase,
                                const scenarios::TraceExpectation& expectation);

}  // namespace stormproof::verify
