// Intercept: the seam through which an exchange is watched and changed. The relay knows only this.
//
// What applies to an exchange is decided once, when the request's head is whole: nullptr means "nothing", and the
// exchange takes the plain way. All calls are made on the relay's thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "harness/base/clock.h"
#include "harness/base/task.h"
#include "harness/events/event.h"
#include "harness/wire/framer.h"
#include "harness/wire/pause.h"

namespace stormproof::wire {

// A request at the moment of the decision. The head's views are good during the call only.
struct RequestSight {
  const Head& head;
  std::uint64_t connection = 0;
  std::uint64_t request = 0;  // of this relay, from 1
  base::Time received{};
  std::uint64_t shadow_of = 0;  // Tap::id() of the live exchange that this one repeats at a candidate; 0: it is live
};

enum class Part : std::uint8_t { request_head, request_body, interim, response_head, response_body };

// Sees the bytes of one exchange as they pass; cannot change, delay or fail it. Must not block.
class Tap {
 public:
  virtual ~Tap() = default;
  virtual void bytes(Part part, std::string_view bytes) = 0;
  // Its number in what the tapper makes; 0: it gives none.
  virtual std::uint64_t id() const { return 0; }
  // The last call: the tap may free itself.
  virtual void ended(const events::Exchange& exchange) = 0;
};

class Tapper {
 public:
  virtual ~Tapper() = default;
  // Not owned by the caller; lives until its ended().
  virtual Tap* tap(const RequestSight& request) = 0;
};

// What a fault does to one exchange.
class Interception {
 public:
  struct Decision {
    bool answer = false;   // answer in the upstream's place, which is not called
    std::string response;  // raw HTTP/1.1, whole
    std::uint16_t status = 0;
  };

  virtual ~Interception() = default;
  virtual events::NameId rule() const = 0;
  // May wait on `pause`, which is interrupted when the client leaves or the relay stops.
  virtual base::Task<Decision> before_upstream(Pause& pause) = 0;
};

class Interceptor {
 public:
  virtual ~Interceptor() = default;
  virtual std::unique_ptr<Interception> intercept(const RequestSight& request) = 0;
};

}  // namespace stormproof::wire
