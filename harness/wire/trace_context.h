// TraceContext: the trace that a head carries, in the headers in use: W3C `traceparent`, Zipkin's `b3` and `X-B3-…`.
//
//   traceparent: 00-<32 hex>-<16 hex>-<2 hex>
//   b3: <32 or 16 hex>-<16 hex>[-<sampled>[-<16 hex>]]
//   X-B3-TraceId: <32 or 16 hex>, X-B3-SpanId: <16 hex>
//
// Of several the first of these that can be read counts, and `carriers` has each that says the same trace. An id of 16
// digits is the lower half of one of 32, the upper half zero. Values only; takes any bytes, allocates nothing.
#pragma once

#include <cstdint>
#include <string_view>

#include "harness/events/event.h"

namespace stormproof::wire {

struct TraceContext {
  events::TraceId trace = {};
  std::uint32_t parent = 0;   // the lower half of the caller's span id
  std::uint8_t carriers = 0;  // bits of events::Carrier
};

class TraceReader {
 public:
  // A field of the head, in any order; others than those above are passed over.
  void take(std::string_view name, std::string_view value);
  TraceContext finish() const;

 private:
  TraceContext w3c_;
  TraceContext single_;
  TraceContext several_;
};

// The lines for one request: a traceparent, and of b3 and X-B3-… those whose bits are in `carriers`; "" for no trace.
class TraceLines {
 public:
  TraceLines(const events::TraceId& trace, std::uint64_t span, std::uint8_t carriers = events::in_traceparent);
  std::string_view view() const { return {text_, size_}; }

 private:
  void put(std::string_view text);
  void put_hex(const events::TraceId& trace);
  void put_hex(std::uint64_t span);

  char text_[288];
  std::size_t size_ = 0;
};

}  // namespace stormproof::wire
