#include "harness/proxy/access_line.h"

#include <fmt/format.h>

#include <iterator>

#include "harness/base/utf8.h"

namespace stormproof::proxy {
namespace {

bool is_plain_json(char c) { return static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\' && c != 0x7F; }

void append_escape(std::string& out, char c) {
  switch (c) {
    case '"': out += "\\\""; return;
    case '\\': out += "\\\\"; return;
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    default: fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned char>(c));
  }
}

// To the nanosecond, in milliseconds: "1.234567".
void append_milliseconds(std::string& out, base::Nanoseconds duration) {
  const std::int64_t ns = duration.count() < 0 ? 0 : duration.count();
  fmt::format_to(std::back_inserter(out), "{}.{:06}", ns / 1'000'000, ns % 1'000'000);
}

void append_trace(std::string& out, const events::TraceId& trace) {
  static constexpr std::string_view digits = "0123456789abcdef";
  if (trace.none()) {
    out += "null";
    return;
  }
  out += '"';
  for (const std::uint8_t byte : trace.bytes) {
    out += digits[byte >> 4];
    out += digits[byte & 15];
  }
  out += '"';
}

}  // namespace

void append_json_string(std::string& out, std::string_view bytes) {
  out += '"';
  while (!bytes.empty()) {
    const std::size_t size = base::utf8_character_bytes(bytes);
    if (size == 0) out += "\\ufffd";
    else if (size > 1 || is_plain_json(bytes.front())) out += bytes.substr(0, size);
    else append_escape(out, bytes.front());
    bytes.remove_prefix(size == 0 ? 1 : size);
  }
  out += '"';
}

void append_rfc3339(std::string& out, base::Time time) {
  // The first second of all begins before what nanoseconds can say: they are split off by their count.
  constexpr std::int64_t second = 1'000'000'000;
  const std::int64_t ns = (time.time_since_epoch().count() % second + second) % second;
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  const auto day = std::chrono::floor<std::chrono::days>(seconds);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(seconds - day);
  fmt::format_to(std::back_inserter(out), "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:09}Z", static_cast<int>(date.year()),
                 static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), clock.hours().count(),
                 clock.minutes().count(), clock.seconds().count(), ns);
}

void append_access_line(std::string& out, const AccessLine& line) {
  const auto to = std::back_inserter(out);
  out += R"({"time":")";
  append_rfc3339(out, line.start);
  fmt::format_to(to, R"(","connection":{},"request":{},"method":)", line.connection, line.request);
  append_json_string(out, line.method);
  out += R"(,"target":)";
  append_json_string(out, line.target);
  out += R"(,"status":)";
  if (line.status == 0) out += "null";
  else fmt::format_to(to, "{}", line.status);
  out += R"(,"outcome":)";
  append_json_string(out, events::to_string(line.outcome));
  fmt::format_to(to, R"(,"request_bytes":{},"response_bytes":{},"duration_ms":)", line.request_bytes,
                 line.response_bytes);
  append_milliseconds(out, line.duration);
  out += R"(,"first_byte_ms":)";
  if (line.first_byte.count() < 0) out += "null";
  else append_milliseconds(out, line.first_byte);
  out += R"(,"trace":)";
  append_trace(out, line.trace);
  if (line.target_cut) out += R"(,"target_cut":true)";
  if (line.shadow_of != 0) fmt::format_to(to, R"(,"shadow_of":{})", line.shadow_of);
  out += "}\n";
}

}  // namespace stormproof::proxy
