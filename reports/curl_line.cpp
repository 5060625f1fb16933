#include "reports/curl_line.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "replay/content.h"
#include "replay/exchange.h"
#include "reports/escape.h"

namespace stormproof::reports {
namespace {

using replay::equal_ignoring_case;

bool made_by_curl(std::string_view name) {
  constexpr std::array<std::string_view, 6> names = {"content-length", "transfer-encoding", "connection",
                                                     "keep-alive",     "accept-encoding",   "expect"};
  return std::ranges::any_of(names, [&](std::string_view one) { return equal_ignoring_case(name, one); });
}

// For a target on the line: "http://host/path?query", whatever form the recorded one has.
std::string url_of(std::string_view target, std::string_view origin) {
  if (const auto scheme = target.find("://"); scheme != target.npos && !target.starts_with('/')) {
    const auto path = target.find('/', scheme + 3);
    target = path == target.npos ? "/" : target.substr(path);
  }
  while (origin.ends_with('/')) origin.remove_suffix(1);
  return fmt::format("{}{}{}", origin, target.starts_with('/') ? "" : "/", target);
}

// printf's octal escapes, where a shell word could not carry the bytes.
std::string printf_word(std::string_view bytes) {
  std::string word = "'";
  for (const char c : bytes) {
    const auto code = static_cast<unsigned char>(c);
    if (code >= 0x20 && code < 0x7f && c != '\'' && c != '\\' && c != '%') word += c;
    else fmt::format_to(std::back_inserter(word), "\\{:03o}", code);
  }
  return word + "'";
}

}  // namespace

std::string curl_line(std::string_view head, std::string_view body, std::string_view origin) {
  const std::string_view method = replay::method_of(head);
  std::string line = "curl -sS -i --path-as-is -g";
  if (method == "HEAD") line += " -I";
  else if (method != "GET") line += " -X " + shell_word(method);
  line += " " + shell_word(url_of(replay::target_of(head), origin));
  bool typed = false;
  for (std::size_t at = head.find('\n'); at != head.npos && at + 1 < head.size();) {
    const auto end = std::min(head.find('\n', at + 1), head.size());
    std::string_view field = head.substr(at + 1, end - at - 1);
    if (field.ends_with('\r')) field.remove_suffix(1);
    at = end;
    const auto colon = field.find(':');
    if (colon == field.npos) continue;
    const std::string_view name = field.substr(0, colon);
    if (equal_ignoring_case(name, "accept-encoding")) line += " --compressed";
    if (made_by_curl(name)) continue;
    typed = typed || equal_ignoring_case(name, "content-type");
    const bool empty = field.find_first_not_of(" \t", colon + 1) == field.npos;
    line += " -H " + shell_word(empty ? std::string(name) + ";" : std::string(field));
  }
  std::string buffer;
  body = replay::without_chunks(head, body, buffer);
  if (body.empty()) return line;
  if (!typed) line += " -H Content-Type:";
  if (body.size() > curl_body_bytes_max) {
    return line + fmt::format("  # and a body of {} bytes, which is in the capture", grouped(body.size()));
  }
  if (clean(body) == body && body.find_first_of("\n\t") == body.npos && !body.starts_with('@')) {
    return line + " --data-binary " + shell_word(body);
  }
  return "printf " + printf_word(body) + " | " + line + " --data-binary @-";
}

}  // namespace stormproof::reports
