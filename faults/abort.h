// Abort: answer in the dependency's place; the upstream is not called. As Envoy's `abort`, with headers and a body.
#pragma once

#include <map>
#include <string>

namespace stormproof::faults {

struct Abort {
  int status = 503;  // 200–599
  std::map<std::string, std::string> headers;
  std::string body;

  // The whole response, HTTP/1.1, with a legal Content-Length of its own; `to_head`: without the body.
  std::string response(bool to_head) const;
};

}  // namespace stormproof::faults
