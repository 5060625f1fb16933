#include "harness/events/event.h"

namespace stormproof::events {

std::string_view to_string(Outcome outcome) {
  switch (outcome) {
    case Outcome::answered: return "answered";
    case Outcome::faulted: return "faulted";
    case Outcome::refused: return "refused";
    case Outcome::reset: return "reset";
    case Outcome::connect_timeout: return "connect timeout";
    case Outcome::head_timeout: return "head timeout";
    case Outcome::idle_timeout: return "idle timeout";
    case Outcome::total_timeout: return "total timeout";
    case Outcome::cancelled: return "cancelled by the client";
    case Outcome::bad_request: return "bad request";
    case Outcome::bad_response: return "bad response";
    case Outcome::shed: return "shed by the harness";
    case Outcome::tls_failed: return "tls failed";
    case Outcome::held_off: return "held off by the target";
  }
  return "unknown";
}

std::string_view to_string(Effect effect) {
  switch (effect) {
    case Effect::acted: return "acted";
    case Effect::spared: return "spared";
    case Effect::nothing: return "nothing";
    case Effect::delayed: return "delayed";
    case Effect::answered: return "answered";
    case Effect::request_changed: return "request changed";
    case Effect::response_changed: return "response changed";
    case Effect::truncated: return "truncated";
    case Effect::misframed: return "framed illegally";
    case Effect::unanswered: return "unanswered";
    case Effect::slowed: return "slowed";
    case Effect::grown: return "head grown";
    case Effect::stale: return "stale";
    case Effect::duplicated: return "duplicated";
  }
  return "unknown";
}

}  // namespace stormproof::events
