// Abort: answer in the dependency's place; the upstream is not called. As Envoy's `abort`, with headers and a body.
//
// Whatever its fields hold, what goes out is one legal message: a header that check() refuses is left out of
// response().
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "harness/base/error.h"

namespace stormproof::faults {

// "Service Unavailable" for 503; "Injected" where the status has no well-known one.
std::string_view reason_of(int status);

struct Abort {
  static constexpr int status_min = 200;
  static constexpr int status_max = 599;

  int status = 503;  // response() answers 503 where it is out of range
  std::map<std::string, std::string> headers;
  std::string body;  // 204 and 304 have none

  // For whoever takes an abort from a person. Refused: a status out of range; a header whose name is no token, whose
  // value has a control character (a line end would make two headers or two messages of it), or that says where the
  // message or the connection ends, which is the proxy's to say.
  base::Result<void> check() const;

  // The status that response() has.
  int status_sent() const;

  // The whole response, HTTP/1.1, with a legal Content-Length of its own; `to_head`: without the body.
  std::string response(bool to_head) const;
};

}  // namespace stormproof::faults
