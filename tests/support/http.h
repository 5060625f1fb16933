// Http: one plain request and its answer, to see that a server lives and what it says. For tests.
//
// Not a client: one connection a request, the answer ends with the connection (`Connection: close` is sent), no chunked
// coding. A test of HTTP itself speaks through RawConnection.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "harness/base/error.h"

namespace stormproof::support {

// The value of the first header of this name, in any case, of a head or of its lines.
std::optional<std::string> header_of(std::string_view head, std::string_view name);

struct Answer {
  int status = 0;
  std::string head;  // whole, with its empty line
  std::string body;

  // The value of the first header of this name, in any case; "" where there is none.
  std::string header(std::string_view name) const;
};

struct Call {
  std::string_view method = "GET";
  std::string_view headers = "";  // whole lines, each with its CRLF
  std::string_view body = "";
  std::chrono::milliseconds within = std::chrono::seconds(10);
};

base::Result<Answer> http(std::uint16_t port, std::string_view target, const Call& call = {});

}  // namespace stormproof::support
