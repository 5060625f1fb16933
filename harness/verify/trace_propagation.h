// Trace propagation: whether the calls that a service makes carry the trace id of the request they are made for.
//
// A call carries it when each of the headers that are wanted (traceparent, b3, X-B3-…) has the trace id of a request that had
// begun, and had not been over for stale_after. Its parent id is a new one when it is not that of the request, and not that of a
// call for another request. Logs before version 5 know of traceparent only, and of no parent. Pure.
#pragma once

#include "harness/verify/evidence.h"
#include "harness/verify/finding.h"
#include "harness/verify/timeline.h"

namespace stormproof::verify {

inline constexpr Nanoseconds stale_after = std::chrono::seconds(30);  // background work may carry on so long

Finding judge_trace_propagation(const View& view, const PhaseWindow& phase,
                                const scenarios::TraceExpectation& expectation);

}  // namespace stormproof::verify
