// HttpServer: a small HTTP/1.1 server for administration: a whole request in, a whole reply out.
//
// Not on the data path: requests and replies are held as strings, within the limits below. Requests are framed by
// wire::Framer, so they are judged as strictly as those of the relay. Malformed: 400. Head above
// Framer::head_bytes_max: 431. Body above its limit: 413. More held by all requests together than `held_bytes_max`:
// 503. After each of those, as after a deadline, the connection ends. A handler that throws, or whose reply cannot be
// sent: 500 with a sentence. Keep-alive, pipelining, HEAD (the handler's reply without its body) and
// Expect: 100-continue are taken care of; HTTP/1.0 gets one reply a connection.
//
// One thread, that of its io_context, which calls the handler. close() before destruction.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/error.h"
#include "harness/base/task_group.h"
#include "harness/wire/deadlines.h"
#include "harness/wire/listener.h"

namespace stormproof::wire {

struct HttpField {
  std::string name;
  std::string value;
};

struct HttpRequest {
  std::string method;
  std::string target;             // as sent
  std::string path;               // of the target, up to the query; not decoded: "/proxies/a%20b"
  std::string query;              // of the target, after the '?'; not decoded
  std::vector<HttpField> fields;  // in their order
  std::string body;               // without its chunks

  // The value of the first field of this name, in any case; "" where there is none.
  std::string_view field(std::string_view name) const;
};

struct HttpReply {
  int status = 200;  // 200 to 599; 204 and 304 send no body
  std::string content_type = "text/plain; charset=utf-8";
  std::string body = {};
  // Besides Content-Type, Content-Length and Connection, which are the server's.
  std::vector<HttpField> fields = {};
};

// Times of zero or less: no limit; of drain: at once.
struct HttpServerLimits {
  std::size_t connections_max = 64;                           // more are closed at once
  std::size_t body_bytes_max = 8 << 20;                       // as received, with its chunks
  std::size_t held_bytes_max = 32 << 20;                      // of requests that are not answered yet, together
  std::chrono::nanoseconds idle = std::chrono::seconds(60);   // without a byte, between requests or within one
  std::chrono::nanoseconds total = std::chrono::seconds(30);  // from a request's first byte to its reply's last
  std::chrono::nanoseconds linger = std::chrono::seconds(1);  // for a client to read our last words
  std::chrono::nanoseconds drain = std::chrono::seconds(2);   // from close() to the end
};

struct HttpServerCounts {
  std::uint64_t connections = 0;
  std::uint64_t connections_refused = 0;  // above connections_max
  std::uint64_t requests = 0;             // that reached the handler
  std::size_t held_bytes = 0;             // now: of requests that are not answered yet
};

class HttpServer {
 public:
  using Handler = std::function<HttpReply(const HttpRequest&)>;
  // One that waits; it must not throw, and ends by itself within a time that it states. The request outlives the task.
  using TaskHandler = std::function<base::Task<HttpReply>(const HttpRequest&)>;

  static base::Result<std::unique_ptr<HttpServer>> open(IoContext& io, const Endpoint& listen, Handler handler,
                                                        HttpServerLimits limits = {});
  static base::Result<std::unique_ptr<HttpServer>> open(IoContext& io, const Endpoint& listen, TaskHandler handler,
                                                        HttpServerLimits limits = {});
  ~HttpServer();

  // With the port that the kernel chose.
  Endpoint endpoint() const { return listener_->endpoint(); }
  const HttpServerCounts& counts() const { return counts_; }

  // Stops accepting, lets replies under way end within limits.drain, then cuts them. Completes when all is closed.
  base::Task<> close();

 private:
  class Session;
  HttpServer(IoContext& io, std::unique_ptr<Listener> listener, TaskHandler handler, HttpServerLimits limits);
  static base::Task<> serve(HttpServer& server, Socket socket);
  base::Task<> accept_all();

  IoContext& io_;
  TaskHandler handler_;
  HttpServerLimits limits_;
  std::unique_ptr<Listener> listener_;
  Deadlines deadlines_;
  HttpServerCounts counts_;
  base::Stop closing_;     // "end after this reply"
  base::TaskGroup group_;  // its stop: "end now"
};

// A reply that says one thing: the sentence as a line of plain text.
HttpReply plain_reply(int status, std::string_view sentence);

}  // namespace stormproof::wire
