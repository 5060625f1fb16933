#include "harness/wire/trace_context.h"

#include <algorithm>
#include <optional>

#include "harness/wire/characters.h"
#include "harness/wire/framer.h"

namespace stormproof::wire {
namespace {

using events::TraceId;

constexpr std::string_view hex_digits = "0123456789abcdef";

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && (is_blank(text.back()) || text.back() == '\r')) text.remove_suffix(1);
  return text;
}

// Of 16 hexadecimal digits.
std::optional<std::uint64_t> half_of(std::string_view text) {
  if (text.size() != 16) return std::nullopt;
  std::uint64_t number = 0;
  for (const char c : text) {
    const int digit = hex_value(c);
    if (digit < 0) return std::nullopt;
    number = number << 4 | static_cast<std::uint64_t>(digit);
  }
  return number;
}

TraceId id_of(std::string_view text) {
  TraceId id;
  if (text.size() != 16 && text.size() != 32) return id;
  const auto high = text.size() == 32 ? half_of(text.substr(0, 16)) : std::optional<std::uint64_t>(0);
  const auto low = half_of(text.substr(text.size() - 16));
  if (!high || !low) return id;
  for (unsigned at = 0; at < 8; ++at) {
    id.bytes[at] = static_cast<std::uint8_t>(*high >> (56 - 8 * at));
    id.bytes[at + 8] = static_cast<std::uint8_t>(*low >> (56 - 8 * at));
  }
  return id;
}

std::uint32_t parent_of(std::string_view span) { return static_cast<std::uint32_t>(half_of(span).value_or(0)); }

// Equal, or the one is the lower half of the other.
bool same(const TraceId& a, const TraceId& b) {
  const bool low = std::equal(a.bytes.begin() + 8, a.bytes.end(), b.bytes.begin() + 8);
  const auto halved = [](const TraceId& id) {
    return std::all_of(id.bytes.begin(), id.bytes.begin() + 8, [](std::uint8_t byte) { return byte == 0; });
  };
  return a == b || (low && (halved(a) || halved(b)));
}

}  // namespace

void TraceReader::take(std::string_view name, std::string_view value) {
  if (name.size() == 11 && equal_ignoring_case(name, "traceparent")) {
    value = trimmed(value);
    w3c_ = {parse_traceparent(value), 0, events::in_traceparent};
    if (!w3c_.trace.none()) w3c_.parent = parent_of(value.substr(36, 16));
  } else if (name.size() == 2 && equal_ignoring_case(name, "b3")) {
    value = trimmed(value);
    const std::size_t dash = value.find('-');
    single_ = {id_of(value.substr(0, dash)), 0, events::in_b3};
    if (dash != value.npos) single_.parent = parent_of(value.substr(dash + 1, 16));
  } else if (name.size() == 12 && equal_ignoring_case(name, "x-b3-traceid")) {
    several_.trace = id_of(trimmed(value));
    several_.carriers = events::in_x_b3;
  } else if (name.size() == 11 && equal_ignoring_case(name, "x-b3-spanid")) {
    several_.parent = parent_of(trimmed(value));
  }
}

TraceContext TraceReader::finish() const {
  TraceContext found;
  for (const TraceContext& one : {w3c_, single_, several_}) {
    if (one.trace.none()) continue;
    if (found.trace.none()) found = one;
    else if (same(found.trace, one.trace)) found.carriers |= one.carriers;
  }
  return found;
}

TraceLines::TraceLines(const TraceId& trace, std::uint64_t span, std::uint8_t carriers) {
  if (trace.none()) return;
  const auto value = make_traceparent(trace, span);
  put("traceparent: ");
  put({value.data(), value.size()});
  put("\r\n");
  if ((carriers & events::in_b3) != 0) {
    put("b3: ");
    put_hex(trace);
    put("-");
    put_hex(span);
    put("-1\r\n");
  }
  if ((carriers & events::in_x_b3) != 0) {
    put("X-B3-TraceId: ");
    put_hex(trace);
    put("\r\nX-B3-SpanId: ");
    put_hex(span);
    put("\r\nX-B3-Sampled: 1\r\n");
  }
}

void TraceLines::put(std::string_view text) {
  std::copy(text.begin(), text.end(), text_ + size_);
  size_ += text.size();
}

void TraceLines::put_hex(const TraceId& trace) {
  for (const std::uint8_t byte : trace.bytes) {
    text_[size_++] = hex_digits[byte >> 4];
    text_[size_++] = hex_digits[byte & 15];
  }
}

void TraceLines::put_hex(std::uint64_t span) {
  for (int shift = 60; shift >= 0; shift -= 4) text_[size_++] = hex_digits[span >> shift & 15];
}

}  // namespace stormproof::wire
