#include "replay/exchange.h"

#include <algorithm>
#include <array>

namespace stormproof::replay {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r");
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

std::string_view first_line(std::string_view head) {
  std::string_view line = head.substr(0, head.find('\n'));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

bool is_version(std::string_view text) {
  return text.size() == 8 && text.starts_with("HTTP/") && text[5] >= '0' && text[5] <= '9' && text[6] == '.' &&
         text[7] >= '0' && text[7] <= '9';
}

// RFC 9110 §5.6.2.
bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    const bool letter = lower(c) >= 'a' && lower(c) <= 'z';
    return letter || (c >= '0' && c <= '9') || std::string_view("!#$%&'*+-.^_`|~").contains(c);
  });
}

struct RequestLine {
  std::string_view method;
  std::string_view target;
};

RequestLine request_line(std::string_view head) {
  const std::string_view line = first_line(head);
  const auto first = line.find(' ');
  const auto last = line.rfind(' ');
  if (first == line.npos || last <= first + 1 || !is_version(line.substr(last + 1))) return {};
  const std::string_view method = line.substr(0, first);
  if (!is_token(method)) return {};
  return {method, line.substr(first + 1, last - first - 1)};
}

// Calls `found` with each value of the fields called `name` until it returns false.
template <typename Found>
void each_header(std::string_view head, std::string_view name, Found found) {
  auto at = head.find('\n');
  while (at != head.npos && at + 1 < head.size()) {
    const auto end = std::min(head.find('\n', at + 1), head.size());
    const std::string_view line = head.substr(at + 1, end - at - 1);
    const auto colon = line.find(':');
    if (colon != line.npos && equal_ignoring_case(line.substr(0, colon), name) && !found(trim(line.substr(colon + 1))))
      return;
    at = end;
  }
}

}  // namespace

std::string_view to_string(Ending ending) {
  switch (ending) {
    case Ending::complete: return "complete";
    case Ending::response_missing: return "response missing";
    case Ending::request_missing: return "request missing";
    case Ending::request_truncated: return "request truncated";
    case Ending::response_truncated: return "response truncated";
    case Ending::reset: return "reset";
    case Ending::client_left: return "client left";
  }
  return "unknown";
}

std::string_view method_of(std::string_view head) { return request_line(head).method; }
std::string_view target_of(std::string_view head) { return request_line(head).target; }

int status_of(std::string_view head) {
  const std::string_view line = first_line(head);
  if (line.size() < 12 || !is_version(line.substr(0, 8)) || line[8] != ' ') return 0;
  if (line.size() > 12 && line[12] != ' ') return 0;
  int status = 0;
  for (const char c : line.substr(9, 3)) {
    if (c < '0' || c > '9') return 0;
    status = status * 10 + (c - '0');
  }
  return status >= 100 ? status : 0;
}

std::string_view version_of(std::string_view head) {
  const std::string_view line = first_line(head);
  if (status_of(head) != 0) return line.substr(0, 8);
  return method_of(head).empty() ? std::string_view() : line.substr(line.size() - 8);
}

std::optional<std::string_view> header(std::string_view head, std::string_view name) {
  std::optional<std::string_view> value;
  each_header(head, name, [&](std::string_view found) {
    value = found;
    return false;
  });
  return value;
}

std::vector<std::string_view> headers(std::string_view head, std::string_view name) {
  std::vector<std::string_view> values;
  each_header(head, name, [&](std::string_view found) {
    values.push_back(found);
    return true;
  });
  return values;
}

std::size_t head_length(std::string_view bytes) {
  for (auto at = bytes.find('\n'); at != bytes.npos; at = bytes.find('\n', at + 1)) {
    const std::string_view rest = bytes.substr(at + 1);
    if (rest.starts_with('\n')) return at + 2;
    if (rest.starts_with("\r\n")) return at + 3;
  }
  return bytes.npos;
}

std::string_view path_of(std::string_view target) {
  if (const auto scheme = target.find("://"); scheme != target.npos && !target.starts_with('/')) {
    const auto path = target.find_first_of("/?#", scheme + 3);
    if (path == target.npos || target[path] != '/') return "/";
    target.remove_prefix(path);
  }
  return target.substr(0, target.find_first_of("?#"));
}

bool method_writes(std::string_view method) {
  constexpr std::array<std::string_view, 4> safe = {"GET", "HEAD", "OPTIONS", "TRACE"};
  return std::ranges::find(safe, method) == safe.end();
}

bool equal_ignoring_case(std::string_view a, std::string_view b) { return std::ranges::equal(a, b, {}, lower, lower); }

}  // namespace stormproof::replay
