#include "tests/subjects/shop/web.h"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <sstream>

#include "tests/support/http.h"

namespace stormproof::subjects {
namespace {

using std::chrono::milliseconds;

bool same_name(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

std::string_view phrase_of(int status) {
  switch (status) {
    case 200: return "OK";
    case 400: return "Bad Request";
    case 404: return "Not Found";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    default: return "Answer";
  }
}

}  // namespace

std::string Message::word(int n) const {
  std::istringstream words(start_line);
  std::string word;
  for (int i = 0; i <= n; ++i) {
    if (!(words >> word)) return "";
  }
  return word;
}

std::optional<std::string> Message::header(std::string_view name) const { return support::header_of(head, name); }

base::Result<Message> receive(support::RawConnection& from, milliseconds within) {
  auto head = from.read_until("\r\n\r\n", within);
  if (!head) return std::unexpected(head.error());
  Message message = {.start_line = head->substr(0, head->find("\r\n")), .head = std::move(*head), .body = {}};
  if (message.header("Transfer-Encoding")) return base::fail("only bodies with a Content-Length are taken");
  std::size_t length = 0;
  const std::string text = message.header("Content-Length").value_or("0");
  const auto [rest, code] = std::from_chars(text.data(), text.data() + text.size(), length);
  if (code != std::errc{} || rest != text.data() + text.size()) return base::fail("not a Content-Length: " + text);
  auto body = from.read(length, within);
  if (!body) return std::unexpected(body.error());
  message.body = std::move(*body);
  return message;
}

WebServer::WebServer(std::function<Handler()> make_handler, std::uint16_t port)
    : make_handler_(std::move(make_handler)), server_([this](support::RawConnection& peer) { serve(peer); }, port) {}

void WebServer::serve(support::RawConnection& peer) {
  Handler handler = make_handler_();
  while (const auto request = receive(peer, idle_time_max)) {
    const Reply reply = handler(*request);
    const bool last = same_name(request->header("Connection").value_or(""), "close");
    const std::string answer =
        fmt::format("HTTP/1.1 {} {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n{}{}\r\n{}",
                    reply.status, phrase_of(reply.status), reply.body.size(), reply.headers,
                    last ? "Connection: close\r\n" : "", request->word(0) == "HEAD" ? "" : reply.body);
    if (!peer.send(answer) || last) return;
  }
}

base::Result<Message> WebClient::call(std::string_view method, std::string_view target, std::string_view headers,
                                      std::string_view body) {
  if (connection_) {
    pollfd entry = {.fd = connection_->fd(), .events = POLLIN, .revents = 0};
    if (::poll(&entry, 1, 0) != 0) connection_.reset();  // nothing is due, so this is the peer's end
  }
  if (!connection_) {
    auto fresh = support::RawConnection::connect(port_, timeout_);
    if (!fresh) return std::unexpected(fresh.error());
    connection_.emplace(std::move(*fresh));
  }
  const std::string length = body.empty() ? "" : fmt::format("Content-Length: {}\r\n", body.size());
  const auto sent = connection_->send(
      fmt::format("{} {} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n{}{}\r\n{}", method, target, port_, headers, length, body),
      timeout_);
  auto answer = sent ? receive(*connection_, timeout_) : base::Result<Message>(std::unexpected(sent.error()));
  if (!answer || same_name(answer->header("Connection").value_or(""), "close")) connection_.reset();
  return answer;
}

}  // namespace stormproof::subjects
