// Answer: what one target said to one request, as it is compared.
//
// A value. The body is as it was on the wire; above `body_bytes_max` it is cut, and its length and the digest of all of it
// stand for the rest. Times are zero where nothing came.
#pragma once

#include <cstdint>
#include <string>

#include "harness/base/clock.h"
#include "harness/events/event.h"
#include "replay/exchange.h"

namespace stormproof::replay {

struct Answer {
  static constexpr std::size_t body_bytes_max = 8 << 20;

  events::Outcome outcome = events::Outcome::cancelled;
  int status = 0;
  std::string head;
  std::string body;
  std::uint64_t body_bytes = 0;   // with what was cut
  std::uint64_t body_digest = 0;  // of all of it, where it was cut
  base::Time start{};             // the request went out: a connection stood
  base::Time end{};               // the last byte came

  bool answered() const { return outcome == events::Outcome::answered; }
  bool cut() const { return body_bytes > body.size(); }
  // No whole answer, or one that says that the server failed.
  bool failed() const { return !answered() || status >= 500; }
  base::Nanoseconds latency() const { return end - start; }
};

// The answer that a capture holds.
Answer answer_of(Exchange&& exchange);

}  // namespace stormproof::replay
