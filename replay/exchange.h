// Exchange: one recorded request and what came of it, as the bytes that were on the wire.
//
// A value. Heads end with the empty line that ended them on the wire; a body keeps its chunk framing and trailers.
// The readers below look at a raw head, of bytes from anywhere: they never fail, what is not there is empty or 0.
// Their views point into the head that they were given. Lines may end in CRLF or LF alone.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/clock.h"

namespace stormproof::replay {

struct Message {
  std::string head;
  std::string body;
  bool operator==(const Message&) const = default;
};

enum class Direction : std::uint8_t { request, response };

// How an exchange ended, by cause. Stored as a number: new causes are added at the end.
enum class Ending : std::uint8_t {
  complete,
  response_missing,    // the request is whole; no response was seen
  request_missing,     // a response whose request was not seen
  request_truncated,   // bytes of the request are missing
  response_truncated,  // the request is whole, bytes of the response are missing
  reset,               // the connection ended before the response was whole
  client_left,         // the client went away before the response was whole
};
inline constexpr Ending ending_last = Ending::client_left;

// "complete", "response missing" …
std::string_view to_string(Ending ending);

// Times are zero where they are not known. Connection and session are 0 where they are not known.
struct Exchange {
  std::uint64_t id = 0;
  std::uint64_t connection = 0;
  std::uint64_t session = 0;
  std::uint64_t shadow_of = 0;  // id of the live exchange that it repeats at a candidate; 0: it is live itself
  base::Time request_start{};
  base::Time request_end{};
  base::Time response_start{};
  base::Time response_end{};
  Ending ending = Ending::complete;
  Message request;
  std::string interim;  // raw 1xx heads that came before the response
  Message response;
  std::string segments;  // of a stream: when its bytes passed (segments.h)
  bool operator==(const Exchange&) const = default;
};

// Of a request's head. Empty where the first line is not "METHOD target HTTP/x.y".
std::string_view method_of(std::string_view head);
std::string_view target_of(std::string_view head);

// Of a response's head: 100 to 999, or 0 where the first line is no status line.
int status_of(std::string_view head);

// "HTTP/1.1", of either kind of head.
std::string_view version_of(std::string_view head);

// The first field of that name, whatever its case, without the white space around its value.
std::optional<std::string_view> header(std::string_view head, std::string_view name);

// All fields of that name, in order.
std::vector<std::string_view> headers(std::string_view head, std::string_view name);

// The length of the head that `bytes` begin with, with its empty line; npos: it does not end in them.
std::size_t head_length(std::string_view bytes);

// The path of a target, without query and fragment: of "http://host/a?b" it is "/a".
std::string_view path_of(std::string_view target);

// Anything but GET, HEAD, OPTIONS and TRACE (RFC 9110 §9.2.1) may change the target's state.
bool method_writes(std::string_view method);

// Equal but for the case of ASCII letters.
bool equal_ignoring_case(std::string_view a, std::string_view b);

}  // namespace stormproof::replay
