#include "harness/proxy/own_answer.h"

#include <fmt/format.h>

namespace stormproof::proxy {

using events::Outcome;

std::string OwnAnswer::text(bool to_head) const {
  const std::string body = fmt::format("stormproof: {}{}{}\n", sentence, detail.empty() ? "" : ": ", detail);
  return fmt::format(
      "HTTP/1.1 {} {}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{}",
      status, reason, body.size(), to_head ? "" : body);
}

OwnAnswer answer_to_malformed(std::string_view error, bool head_too_large) {
  if (head_too_large) return {431, "Request Header Fields Too Large", error};
  return {400, "Bad Request", error};
}

std::optional<OwnAnswer> answer_to_failure(Outcome outcome, bool client_stalled, std::string tls_error) {
  switch (outcome) {
    case Outcome::cancelled: return std::nullopt;
    case Outcome::connect_timeout:
    case Outcome::head_timeout:
    case Outcome::total_timeout: return OwnAnswer{504, "Gateway Timeout", "the upstream did not answer in time"};
    case Outcome::idle_timeout:
      if (client_stalled) return OwnAnswer{408, "Request Timeout", "the request did not come in time"};
      return OwnAnswer{504, "Gateway Timeout", "the upstream took no more of the request"};
    case Outcome::refused: return OwnAnswer{502, "Bad Gateway", "the upstream cannot be reached"};
    case Outcome::tls_failed:
      return OwnAnswer{502, "Bad Gateway", "there is no TLS with the upstream", std::move(tls_error)};
    case Outcome::bad_response: return OwnAnswer{502, "Bad Gateway", "the upstream's answer is malformed"};
    default: return OwnAnswer{502, "Bad Gateway", "the upstream broke off"};
  }
}

}  // namespace stormproof::proxy
