// Rewriter: the seam at which a request is changed just before it is sent, by what earlier answers of its session said.
//
// The sender asks ready() when a shot's turn has come, and again each time that a request of the same session and loop
// has ended, until it says yes: a dependent waits for its source only, and nothing else waits for it but what follows
// it on its own recorded connection. The time counts in Exchange::waited, as the latency counts from the intended instant.
// Then rewrite() is called, right before the bytes go out (and again where an idempotent request is sent once more, after a
// connection that was dead already), and on_end() when all is known of the request: once for every
// shot that was taken, sent or not, so that no dependent waits for a source that has failed. A shot whose source is not
// sent at all must be ready: what never becomes so is sent when nothing else is left. All calls come on the sender's
// thread, none may block; a shot is told by Shot::exchange (its id in the capture), Shot::session and Shot::loop.
#pragma once

#include <string>
#include <string_view>

#include "harness/events/event.h"
#include "replay/answer.h"
#include "replay/shot.h"

namespace stormproof::replay {

// What goes out in a shot's place: preset to the shot's own. Whoever changes the length of the body changes the field that
// says it. Views into the shot, into what outlives the sending, or into the two strings, which live until the request has ended.
struct Outgoing {
  std::string_view fields;  // the head without the empty line at its end
  std::string_view body;
  std::string fields_text;
  std::string body_text;
};

class Rewriter {
 public:
  virtual ~Rewriter() = default;

  // Whether all that this request needs of earlier answers is there, or will not come.
  virtual bool ready(const Shot& shot) = 0;

  virtual void rewrite(const Shot& shot, Outgoing& outgoing) = 0;

  // Asked when the request goes out: whether on_end() needs the bytes of its answer.
  virtual bool wants_answer(const Shot& shot) = 0;

  // `answer`: as on the wire, chunk framing and content coding included; null where it was not wanted, is not whole, or
  // its body was cut. Good during the call.
  virtual void on_end(const Shot& shot, const events::Exchange& event, const Answer* answer) = 0;
};

}  // namespace stormproof::replay
