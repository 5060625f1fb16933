// Web: just enough HTTP/1.1 for the shop to serve and to call, over blocking connections with a thread each.
//
// Not for hostile peers and no part of the product: a subject is what the harness looks at, not what it is made of.
// Bodies have a Content-Length or none; connections are kept alive.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "harness/base/error.h"
#include "tests/support/raw_connection.h"
#include "tests/support/raw_server.h"

namespace stormproof::subjects {

struct Message {
  std::string start_line;  // "GET /cart HTTP/1.1", without its line end
  std::string head;        // whole
  std::string body;

  // The n-th word of the start line, from 0.
  std::string word(int n) const;
  // The value of the first header of this name, in any case.
  std::optional<std::string> header(std::string_view name) const;
};

// The next message of a connection; an error when it ended, was late or is not such a message.
base::Result<Message> receive(support::RawConnection& from, std::chrono::milliseconds within);

struct Reply {
  int status = 200;
  std::string body;          // JSON
  std::string headers = {};  // whole lines, each with its CRLF
};

class WebServer {
 public:
  static constexpr std::chrono::milliseconds idle_time_max = std::chrono::minutes(10);

  using Handler = std::move_only_function<Reply(const Message& request)>;

  // Each connection gets a handler of its own and calls it on its own thread.
  WebServer(std::function<Handler()> make_handler, std::uint16_t port);
  std::uint16_t port() const { return server_.port(); }
  std::size_t accepted() const { return server_.accepted(); }

 private:
  void serve(support::RawConnection& peer);

  std::function<Handler()> make_handler_;
  support::RawServer server_;
};

// A client of one host that keeps one connection: for one thread.
class WebClient {
 public:
  WebClient(std::uint16_t port, std::chrono::milliseconds timeout) : port_(port), timeout_(timeout) {}

  // `headers` are whole lines, each with its CRLF. A connection that the peer closed while it was idle is replaced.
  base::Result<Message> call(std::string_view method, std::string_view target, std::string_view headers = "",
                             std::string_view body = "");

 private:
  std::uint16_t port_;
  std::chrono::milliseconds timeout_;
  std::optional<support::RawConnection> connection_;
};

}  // namespace stormproof::subjects
