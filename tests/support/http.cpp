#include "tests/support/http.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>

#include "tests/support/raw_connection.h"

namespace stormproof::support {
namespace {

bool same_name(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

}  // namespace

std::optional<std::string> header_of(std::string_view head, std::string_view name) {
  std::string_view rest = head;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find("\r\n"));
    rest.remove_prefix(std::min(rest.size(), line.size() + 2));
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || !same_name(line.substr(0, colon), name)) continue;
    const std::size_t start = line.find_first_not_of(' ', colon + 1);
    return start == std::string_view::npos ? "" : std::string(line.substr(start));
  }
  return std::nullopt;
}

std::string Answer::header(std::string_view name) const { return header_of(head, name).value_or(""); }

base::Result<Answer> http(std::uint16_t port, std::string_view target, const Call& call) {
  auto connection = RawConnection::connect(port, call.within);
  if (!connection) return std::unexpected(connection.error());
  const std::string length = call.body.empty() ? "" : fmt::format("Content-Length: {}\r\n", call.body.size());
  const std::string request = fmt::format("{} {} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nConnection: close\r\n{}{}\r\n{}",
                                          call.method, target, port, call.headers, length, call.body);
  if (auto sent = connection->send(request, call.within); !sent) return std::unexpected(sent.error());
  const auto bytes = connection->read_to_end(call.within);
  if (!bytes) return std::unexpected(bytes.error());

  const std::size_t end = bytes->find("\r\n\r\n");
  if (end == std::string::npos) return base::fail(fmt::format("{} bytes and no whole head came", bytes->size()));
  Answer answer = {.status = 0, .head = bytes->substr(0, end + 4), .body = bytes->substr(end + 4)};
  const char* const code = answer.head.data() + std::min<std::size_t>(answer.head.size(), 9);
  std::from_chars(code, answer.head.data() + answer.head.size(), answer.status);
  if (!answer.head.starts_with("HTTP/1.") || answer.status < 100) {
    return base::fail("the answer is not HTTP: " + answer.head.substr(0, answer.head.find('\r')));
  }
  return answer;
}

}  // namespace stormproof::support
