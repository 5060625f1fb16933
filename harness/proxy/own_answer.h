// Own answer: what the relay itself says to a client when there is nothing to pass on.
//
// Always the last response of its connection.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "harness/events/event.h"

namespace stormproof::proxy {

struct OwnAnswer {
  int status = 0;
  std::string_view reason;    // of the status
  std::string_view sentence;  // for whoever reads the body
  std::string detail = {};    // after the sentence; "": none

  // A response to HEAD has no body.
  std::string text(bool to_head) const;
};

// For a message that is not HTTP as it should be: 400, or 431 where its head is too large.
OwnAnswer answer_to_malformed(std::string_view error, bool head_too_large);

// For an exchange that failed before a byte of its response was passed on. Nothing: the client is gone.
// `tls_error`: why there is no TLS with the upstream.
std::optional<OwnAnswer> answer_to_failure(events::Outcome outcome, bool client_stalled, std::string tls_error = {});

}  // namespace stormproof::proxy
