#include "faults/abort.h"

#include <fmt/format.h>

#include <iterator>
#include <string_view>

namespace stormproof::faults {
namespace {

std::string_view reason_of(int status) {
  switch (status) {
    case 200: return "OK";
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

}  // namespace

std::string Abort::response(bool to_head) const {
  const bool bodiless = status == 204 || status == 304;
  std::string text = fmt::format("HTTP/1.1 {} {}\r\n", status, reason_of(status));
  for (const auto& [name, value] : headers) fmt::format_to(std::back_inserter(text), "{}: {}\r\n", name, value);
  if (!bodiless) fmt::format_to(std::back_inserter(text), "Content-Length: {}\r\n", body.size());
  text += "\r\n";
  if (!bodiless && !to_head) text += body;
  return text;
}

}  // namespace stormproof::faults
