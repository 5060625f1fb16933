// Shot: one request that is to be sent, and where shots come from.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "harness/base/clock.h"
#include "harness/events/event.h"

namespace stormproof::replay {

// The views outlive the sending, or point into what `hold` keeps.
struct Shot {
  std::uint64_t request = 0;    // from 1, in intended order
  base::Nanoseconds offset{0};  // from the beginning of the traffic; never less than the shot's before
  std::string_view method = {};
  std::string_view target = {};
  std::string_view fields = {};  // the head without the empty line at its end
  std::string_view body = {};
  events::TraceId trace = {};  // not none: a `traceparent` is added with it
  std::uint64_t exchange = 0;  // its id in the capture
  std::uint64_t session = 0;   // as recorded; 0: not known
  std::uint64_t loop = 0;      // which repetition of the capture, from 0: each is another set of clients
  std::uint64_t lane = 0;      // shots of one lane go over one connection, in order; 0: over any
  bool pipelined = false;      // was sent before the answer to the one before it in its lane had come
  bool last = false;           // of its lane
  std::shared_ptr<const void> hold = {};
};

// Where shots come from, in order. Called ahead of each shot's instant.
class ShotSource {
 public:
  virtual ~ShotSource() = default;
  virtual std::optional<Shot> next() = 0;
};

}  // namespace stormproof::replay
