// Trace side: to which of several targets a traced request went, in two bits of its trace id.
//
// Where a baseline stands beside the candidate, both get the same requests, and their calls may come through one proxy. Their trace ids
// differ in these bits only, so that a call tells whose it is, and whoever draws by trace id draws the same for both. Side 0 leaves an
// id as it is. Pure.
#pragma once

#include "harness/events/event.h"

namespace stormproof::events {

inline constexpr unsigned side_mask = 0x3;  // of the last byte

// Of an id on side 0. An id that is none stays none.
inline TraceId on_side(TraceId trace, unsigned side) {
  if (!trace.none()) trace.bytes.back() = static_cast<std::uint8_t>(trace.bytes.back() ^ (side & side_mask));
  return trace;
}

// What the ids of one request have in common, whichever side they are on.
inline TraceId without_side(TraceId trace) {
  trace.bytes.back() = static_cast<std::uint8_t>(trace.bytes.back() & ~side_mask);
  return trace;
}

}  // namespace stormproof::events
