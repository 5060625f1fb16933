#include "harness/proxy/head_lines.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <iterator>
#include <random>

#include "harness/base/seed.h"
#include "harness/proxy/split.h"

namespace stormproof::proxy {
namespace {

bool begins_with_field(std::string_view line, std::string_view name) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; };
  return line.size() > name.size() && line[name.size()] == ':' &&
         std::ranges::equal(line.substr(0, name.size()), name, {}, lower, lower);
}

// Unlike those of any other process and thread: a random start, then one draw each.
events::TraceId new_trace() {
  thread_local const std::uint64_t start = (std::uint64_t{std::random_device{}()} << 32) ^ std::random_device{}();
  thread_local std::uint64_t count = 0;
  ++count;
  const std::uint64_t high = base::draw(start, "trace, high", count), low = base::draw(start, "trace, low", count) | 1;
  events::TraceId trace;
  std::memcpy(trace.bytes.data(), &high, sizeof high);
  std::memcpy(trace.bytes.data() + sizeof high, &low, sizeof low);
  return trace;
}

// RFC 7239 §6: an IPv6 address stands in brackets and quotes.
std::string_view node_quotes(std::string_view address) { return address.contains(':') ? "\"" : ""; }

}  // namespace

events::TraceId HeadLines::edit(const wire::Head& head, std::string_view client, std::string_view scheme,
                                std::string& into) const {
  into.clear();
  std::string_view rest = head.bytes;
  std::string_view end = "\r\n";
  while (!rest.empty()) {
    const std::size_t length = std::min(rest.find('\n'), rest.size() - 1) + 1;
    const std::string_view line = rest.substr(0, length);
    rest.remove_prefix(length);
    if (rest.empty()) {
      end = line;  // the empty line
      break;
    }
    if (x_forwarded && (begins_with_field(line, "x-forwarded-proto") || begins_with_field(line, "x-forwarded-host")))
      continue;
    into += line;
  }
  auto out = std::back_inserter(into);
  const std::string_view host = field_of(head.bytes, "host").value_or("");
  if (!via.empty()) fmt::format_to(out, "Via: 1.1 {}\r\n", via);
  if (forwarded) {
    const std::string_view quotes = node_quotes(client);
    fmt::format_to(out, "Forwarded: for={0}{1}{2}{3}{0};proto={4}", quotes, quotes.empty() ? "" : "[", client,
                   quotes.empty() ? "" : "]", scheme);
    if (!host.empty()) fmt::format_to(out, ";host=\"{}\"", host);
    into += "\r\n";
  }
  if (x_forwarded) {
    fmt::format_to(out, "X-Forwarded-For: {}\r\nX-Forwarded-Proto: {}\r\n", client, scheme);
    if (!host.empty()) fmt::format_to(out, "X-Forwarded-Host: {}\r\n", host);
  }
  events::TraceId made;
  if (trace && !field_of(head.bytes, "traceparent")) {
    made = new_trace();
    const std::string_view bytes(reinterpret_cast<const char*>(made.bytes.data()), made.bytes.size());
    const auto parent = wire::make_traceparent(made, base::identity_of(bytes));
    fmt::format_to(out, "traceparent: {}\r\n", std::string_view(parent.data(), parent.size()));
  }
  into += end;
  return made;
}

}  // namespace stormproof::proxy
