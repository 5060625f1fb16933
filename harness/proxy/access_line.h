// AccessLine: one exchange as one line of JSON.
//
//   {"time":"2026-11-23T09:36:00.123456789Z","connection":1,"request":1,"method":"GET","target":"/a?b","status":200,
//    "outcome":"answered","request_bytes":78,"response_bytes":1103,"duration_ms":1.234567,"first_byte_ms":1.100000,
//    "trace":"4bf92f3577b34da6a3ce929d0e0e4736"}
//
// Always these keys in this order; `status`, `first_byte_ms` and `trace` are null where there is none. Then, where they
// apply: "target_cut":true, and "shadow_of":N. Strings are valid JSON whatever the bytes were: what is no UTF-8 becomes
// \ufffd, control characters \u00XX. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "harness/events/event.h"

namespace stormproof::proxy {

struct AccessLine {
  base::Time start{};
  base::Nanoseconds duration{0};
  base::Nanoseconds first_byte{-1};  // after start; below zero: none came
  std::uint64_t connection = 0;
  std::uint64_t request = 0;
  std::uint64_t shadow_of = 0;  // 0: it is live
  std::uint64_t request_bytes = 0;
  std::uint64_t response_bytes = 0;
  events::TraceId trace = {};
  events::Outcome outcome = events::Outcome::answered;
  std::uint16_t status = 0;
  std::string_view method;
  std::string_view target;
  bool target_cut = false;  // what came was longer
};

// With its newline.
void append_access_line(std::string& out, const AccessLine& line);

// In quotes.
void append_json_string(std::string& out, std::string_view bytes);

// "2026-11-23T09:36:00.123456789Z" (RFC 3339).
void append_rfc3339(std::string& out, base::Time time);

}  // namespace stormproof::proxy
