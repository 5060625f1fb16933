// Intercept: the seam through which an exchange is watched and changed. The relay knows only this.
//
// What applies to an exchange is decided once, when the request's head is whole: nullptr means "nothing", and the
// exchange takes the plain way. All calls are made on the relay's thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/clock.h"
#include "harness/base/task.h"
#include "harness/events/event.h"
#include "harness/wire/framer.h"
#include "harness/wire/pause.h"

namespace stormproof::wire {

class Connection;

// A request at the moment of the decision. The head's views are good during the call only.
struct RequestSight {
  const Head& head;
  std::uint64_t connection = 0;
  std::uint64_t request = 0;  // of this relay, from 1
  base::Time received{};
  std::uint64_t shadow_of = 0;   // Tap::id() of the live exchange that this one repeats at a candidate; 0: it is live
  Connection* client = nullptr;  // that it came on, for who wants its address; may be null
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

// What a fault sends to the client in the place of a response: pieces, each after a wait, and how it ends.
struct Delivery {
  enum class Ending : std::uint8_t { keep, close, reset };
  struct Piece {
    base::Nanoseconds after{0};
    std::string bytes;
  };
  std::vector<Piece> pieces;
  std::uint16_t status = 0;  // that the client sees; 0: none
  Ending ending = Ending::keep;
};

// What a fault does to one exchange. Asked in the order of its functions; what is not overridden does nothing.
class Interception {
 public:
  // A message that is wanted whole is kept up to this size; a larger one passes as it came.
  static constexpr std::size_t whole_bytes_max = std::size_t{1} << 20;

  enum class Wish : std::uint8_t { none, moment, whole };  // moment: before_response() only

  struct Decision {
    bool answer = false;   // answer in the upstream's place, which is not called
    std::string response;  // raw HTTP/1.1, whole
    std::uint16_t status = 0;
    // Goes out in the place of the request's head, or of what request() was given; empty: as it came.
    std::string request = {};
  };

  virtual ~Interception() = default;
  virtual events::NameId rule() const = 0;

  // Whether request() is to be called, with all of the request. `whole`: it is; else it is too large, and these are its first bytes.
  virtual bool wants_request() const { return false; }
  virtual void request(std::string_view raw, bool whole) { static_cast<void>(raw), static_cast<void>(whole); }

  // May wait on `pause`, which is interrupted when the client leaves or the relay stops, and lives as long as this.
  virtual base::Task<Decision> before_upstream(Pause& pause) = 0;

  // Asked after before_upstream().
  virtual Wish response_wish() const { return Wish::none; }
  // The response's head is there, and none of its bytes with the client.
  virtual base::Task<> before_response() { co_return; }
  // `raw`: interim responses, head and body as they came. Nothing: it passes as it came. Not called where the upstream failed
  // or the response is too large.
  virtual std::optional<Delivery> response(std::string_view raw) {
    static_cast<void>(raw);
    return std::nullopt;
  }
  // The last call, however the exchange ended. `sent`: bytes of a Delivery that were written.
  virtual void ended(const events::Exchange& exchange, std::uint64_t sent) {
    static_cast<void>(exchange), static_cast<void>(sent);
  }
};

class Interceptor {
 public:
  virtual ~Interceptor() = default;
  virtual std::unique_ptr<Interception> intercept(const RequestSight& request) = 0;
};

}  // namespace stormproof::wire
