#include "faults/abort.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <string_view>

namespace stormproof::faults {
namespace {

bool is_letter_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

// RFC 9110 §5.6.2.
bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return is_letter_or_digit(c) || std::string_view("!#$%&'*+-.^_`|~").contains(c);
  });
}

// RFC 9110 §5.5.
bool is_field_value(std::string_view text) {
  return std::ranges::none_of(text,
                              [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f; });
}

bool frames_the_message(std::string_view name) {
  constexpr std::array<std::string_view, 4> framing = {"content-length", "transfer-encoding", "connection", "upgrade"};
  return std::ranges::any_of(framing, [name](std::string_view known) {
    return std::ranges::equal(known, name, {}, {},
                              [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
  });
}

bool status_is_legal(int status) { return status >= Abort::status_min && status <= Abort::status_max; }

bool header_is_legal(std::string_view name, std::string_view value) {
  return is_token(name) && is_field_value(value) && !frames_the_message(name);
}

}  // namespace

std::string_view reason_of(int status) {
  switch (status) {
    case 200: return "OK";
    case 204: return "No Content";
    case 304: return "Not Modified";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 429: return "Too Many Requests";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    default: return "Injected";
  }
}

base::Result<void> Abort::check() const {
  if (!status_is_legal(status)) {
    return base::fail(
        fmt::format("an abort answers with a status from {} to {}, not {}", status_min, status_max, status));
  }
  for (const auto& [name, value] : headers) {
    if (!is_token(name)) return base::fail(fmt::format("{:?} is not the name of a header", name));
    if (frames_the_message(name)) return base::fail(fmt::format("the header {} is set by the proxy itself", name));
    if (!is_field_value(value)) {
      return base::fail(
          fmt::format("the value of the header {} has a line end or another control character: {:?}", name, value));
    }
  }
  return {};
}

int Abort::status_sent() const { return status_is_legal(status) ? status : 503; }

std::string Abort::response(bool to_head) const {
  const int code = status_sent();
  const bool bodiless = code == 204 || code == 304;
  std::string text = fmt::format("HTTP/1.1 {} {}\r\n", code, reason_of(code));
  for (const auto& [name, value] : headers) {
    if (header_is_legal(name, value)) fmt::format_to(std::back_inserter(text), "{}: {}\r\n", name, value);
  }
  if (!bodiless) fmt::format_to(std::back_inserter(text), "Content-Length: {}\r\n", body.size());
  text += "\r\n";
  if (!bodiless && !to_head) text += body;
  return text;
}

}  // namespace stormproof::faults
