// Form: how each kind of scalar in a scenario is written: a duration, a rate, a URL, …
//
// A form reads a text into a value or says why not, and gives the pattern by which an editor tells the same (JSON
// Schema, ECMAScript). The pattern may let pass what reading refuses, never the reverse.
#pragma once

#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "scenarios/model.h"

namespace stormproof::scenarios {

enum class Form {
  version,   // 1
  text,      // any
  line,      // not empty, one line of at most `line_characters_max`: a name
  flag,      // true, false
  count,     // 0, 1, 2 …
  status,    // 200 … 599
  duration,  // above 0
  duration_or_zero,
  rate,          // above 0, at most `rate_per_second_max`
  rate_or_none,  // 0/s too
  connections,   // 1 … `connections_highest`, recorded, session
  percent,
  factor,        // above 0x, at most `factor_max`
  around,        // 2s ± 20%, 2s +- 20%, 2s
  url,           // http, a host, perhaps a port; no path
  size,          // 64MiB, above 0
  address,       // host:port
  path,          // begins with /
  path_pattern,  // begins with / or *
  method,        // GET
  variable,      // the name of an environment variable
  header_name,
  header_value,
  verdict,        // violated, inconclusive
  moment,         // request, response
  draw_unit,      // calls, requests
  legality,       // legal, illegal
  misframing,     // length-and-chunked …
  no_answer,      // empty, reset, random
  likeness,       // not-empty, json, as-usual
  trace_header,   // traceparent, b3, x-b3
  breaker_scope,  // host, service, instance, shared
  probe,          // rate-limit
  quota,          // own, shared
  algorithm,      // of a rate limit: token-bucket …
  ipv4,           // 127.0.0.2
  json,           // text that is JSON
  number,         // 1.5, above 0
};

inline constexpr int line_characters_max = 200;
inline constexpr double rate_per_second_max = 1e6;
inline constexpr std::int64_t connections_highest = 60'000;
inline constexpr double factor_max = 1e4;
inline constexpr double tolerance_default = 0.1;

// What a scalar means: bool for a flag; int64 for version, count, status and size (bytes); double for rate (per second), percent (share),
// factor and number; Nanoseconds; Around; string for all others.
using Value = std::variant<std::monostate, bool, std::int64_t, double, Nanoseconds, Around, std::string>;

struct Refusal {
  std::string message;     // "'250' has no unit; …"
  std::string suggestion;  // "250ms"; may be empty
};

std::expected<Value, Refusal> read(Form form, std::string_view text);

std::string_view noun(Form form);     // "a duration like 250ms or 3s"
std::string_view pattern(Form form);  // anchored; empty: any text

// The words of a form that has a fixed few; empty for all others.
std::span<const std::string_view> words(Form form);

}  // namespace stormproof::scenarios
