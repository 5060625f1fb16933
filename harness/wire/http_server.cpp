#include "harness/wire/http_server.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/status.hpp>
#include <boost/beast/http/string_body.hpp>
#include <exception>
#include <optional>
#include <utility>

#include "harness/wire/characters.h"
#include "harness/wire/connection.h"
#include "harness/wire/framer.h"
#include "harness/wire/pause.h"

namespace stormproof::wire {
namespace {

namespace http = boost::beast::http;

// Accepting failed for want of descriptors or memory: it would fail again at once.
constexpr std::chrono::milliseconds accept_again_after{100};
constexpr std::string_view go_ahead = "HTTP/1.1 100 Continue\r\n\r\n";

// "http://host/a?b" is asked for as "/a?b" is; "*" and "host:443" are no paths and stay.
void split_target(HttpRequest& request) {
  std::string_view path = request.target;
  if (!path.starts_with('/')) {
    if (const std::size_t scheme = path.find("://"); scheme != path.npos) {
      const std::size_t end = path.find_first_of("/?", scheme + 3);
      path = end == path.npos ? "" : path.substr(end);
      if (path.empty() || path.front() == '?') request.path = "/";
    }
  }
  const std::size_t question = path.find('?');
  request.path += path.substr(0, question);
  if (question != path.npos) request.query = path.substr(question + 1);
}

// `raw`: one whole message, as Framer found it.
std::optional<HttpRequest> parse(std::string_view raw, std::size_t body_bytes_max) {
  http::request_parser<http::string_body> parser;
  parser.header_limit(Framer::head_bytes_max + 1);
  parser.body_limit(body_bytes_max);
  parser.eager(true);
  boost::beast::error_code code;
  while (!parser.is_done()) {
    const std::size_t taken = parser.put(asio::const_buffer(raw.data(), raw.size()), code);
    if (code || taken == 0) return std::nullopt;
    raw.remove_prefix(taken);
  }
  auto& message = parser.get();
  HttpRequest request;
  request.method = std::string_view(message.method_string().data(), message.method_string().size());
  request.target = std::string_view(message.target().data(), message.target().size());
  for (const auto& field : message) {
    request.fields.push_back({std::string(field.name_string()), std::string(field.value())});
  }
  request.body = std::move(message.body());
  split_target(request);
  return request;
}

HttpReply guarded(const HttpServer::Handler& handler, const HttpRequest& request) {
  try {
    return handler(request);
  } catch (const std::exception& error) {
    return plain_reply(500, fmt::format("the handler failed: {}", error.what()));
  } catch (...) {
    return plain_reply(500, "the handler failed");
  }
}

bool is_value(std::string_view text) { return std::ranges::all_of(text, is_field_value); }

// What would not be the HTTP that the handler meant; "" where there is nothing.
std::string_view unsendable(const HttpReply& reply) {
  if (reply.status < 200 || reply.status > 599) return "the handler's status is not one of a reply";
  const auto bad = [](const HttpField& field) {
    return field.name.empty() || !std::ranges::all_of(field.name, is_token) || !is_value(field.value);
  };
  if (!is_value(reply.content_type) || std::ranges::any_of(reply.fields, bad))
    return "the handler's reply has a field that cannot be sent";
  return "";
}

bool has_no_body(int status) { return status == 204 || status == 304; }

std::string head_of(const HttpReply& reply, bool keep) {
  const auto status = http::int_to_status(static_cast<unsigned>(reply.status));
  const auto reason = status == http::status::unknown ? "" : http::obsolete_reason(status);
  std::string head = fmt::format("HTTP/1.1 {} {}\r\n", reply.status, std::string_view(reason.data(), reason.size()));
  if (!has_no_body(reply.status)) {
    head += fmt::format("Content-Type: {}\r\nContent-Length: {}\r\n", reply.content_type, reply.body.size());
  }
  for (const HttpField& field : reply.fields) head += fmt::format("{}: {}\r\n", field.name, field.value);
  if (!keep) head += "Connection: close\r\n";
  return head += "\r\n";
}

// Ends the replies that are still under way when closing has taken too long.
class CloseLimit final : private Deadlines::Entry {
 public:
  CloseLimit(Deadlines& deadlines, base::TaskGroup& group, std::chrono::nanoseconds at_most)
      : Entry(deadlines), group_(group) {
    set(std::max(at_most, std::chrono::nanoseconds(1)));
  }

 private:
  void on_deadline() override { group_.close(); }
  base::TaskGroup& group_;
};

}  // namespace

std::string_view HttpRequest::field(std::string_view name) const {
  const auto found =
      std::ranges::find_if(fields, [name](const HttpField& field) { return equal_ignoring_case(field.name, name); });
  return found == fields.end() ? std::string_view() : std::string_view(found->value);
}

HttpReply plain_reply(int status, std::string_view sentence) {
  return {.status = status, .body = fmt::format("{}\n", sentence)};
}

// One connection, request after request.
class HttpServer::Session final : private Deadlines::Entry, private base::StopHook {
 public:
  Session(HttpServer& server, Socket socket)
      : Entry(server.deadlines_),
        StopHook(server.group_.stop()),
        server_(server),
        connection_(std::move(socket)),
        close_hook_(server.closing_, *this) {}
  ~Session() override { release(); }

  base::Task<> run();

 private:
  class CloseHook final : public base::StopHook {
   public:
    CloseHook(base::Stop& stop, Session& session) : StopHook(stop), session_(session) {}

   private:
    void on_stop() override { session_.on_close(); }
    Session& session_;
  };

  void on_deadline() override { connection_.close(); }
  void on_stop() override { connection_.close(); }
  void on_close() {
    keep_ = false;
    if (idle_ && connection_.unread().empty()) connection_.close();
  }

  base::Task<bool> read();
  base::Task<> head_is_whole();
  void take(std::size_t bytes);
  void release() {
    server_.counts_.held_bytes -= raw_.size();
    raw_ = std::string();
  }
  base::Task<HttpReply> answer();
  base::Task<> send(HttpReply reply);
  base::Task<> linger();
  void refuse(int status, std::string_view sentence) {
    refusal_ = plain_reply(status, fmt::format("stormproof: {}", sentence));
    keep_ = false;
  }

  HttpServer& server_;
  Connection connection_;
  Framer framer_{MessageKind::request};
  CloseHook close_hook_;
  std::string raw_;  // the request as received; counted in held_bytes
  std::size_t head_bytes_ = 0;
  std::optional<HttpReply> refusal_;
  bool to_head_ = false;
  bool keep_ = true;   // the connection, after this reply
  bool idle_ = false;  // waiting for a request
};

base::Task<> HttpServer::Session::run() {
  while (keep_ && !server_.closing_.requested() && co_await read()) {
    HttpReply reply = refusal_ ? std::move(*refusal_) : co_await answer();
    co_await send(std::move(reply));
    release();
  }
  set_end({});
  if (connection_.open() && !connection_.ended()) co_await linger();
  clear();
  connection_.close();
  co_await connection_.settled();
}

// True: a request is whole, or refusal_ says why it will not be. False: the client has gone, or a limit has passed.
base::Task<bool> HttpServer::Session::read() {
  framer_.begin();
  connection_.shrink();
  refusal_.reset();
  head_bytes_ = 0;
  set_end({});
  set(server_.limits_.idle);
  idle_ = true;
  while (true) {
    const Step step = framer_.feed(connection_.unread());
    if (framer_.started() && std::exchange(idle_, false)) set_end(server_.limits_.total);
    if (step.progress == Progress::need_more) {
      if ((co_await connection_.more()).ended()) co_return false;
      set(server_.limits_.idle);
    } else if (step.progress == Progress::blank) {
      connection_.consume(step.consumed);
    } else if (step.progress == Progress::error) {
      refuse(framer_.head_too_large() ? 431 : 400, framer_.error());
    } else if (step.progress == Progress::head) {
      co_await head_is_whole();
    } else {
      take(step.consumed);
    }
    if (refusal_) co_return true;
    if (step.progress == Progress::done) co_return true;
  }
}

base::Task<> HttpServer::Session::head_is_whole() {
  const Head& head = framer_.head();
  const bool waits = head.expects_continue && head.has_body && connection_.unread().size() == head.bytes.size();
  const bool too_large = head.content_length.value_or(0) > server_.limits_.body_bytes_max;
  to_head_ = head.method == "HEAD";
  const bool is_old = head.bytes.substr(0, head.bytes.find('\r')).ends_with("HTTP/1.0");
  keep_ = keep_ && head.keep_alive && !head.ambiguous && !is_old;
  head_bytes_ = head.bytes.size();
  take(head_bytes_);
  if (too_large) refuse(413, fmt::format("the body is larger than {} bytes", server_.limits_.body_bytes_max));
  else if (waits && !refusal_) co_await connection_.write(go_ahead);  // if it fails, so does the next read
}

// The next bytes of the request.
void HttpServer::Session::take(std::size_t bytes) {
  raw_ += connection_.unread().substr(0, bytes);
  server_.counts_.held_bytes += bytes;
  connection_.consume(bytes);
  if (raw_.size() - head_bytes_ > server_.limits_.body_bytes_max)
    refuse(413, fmt::format("the body is larger than {} bytes", server_.limits_.body_bytes_max));
  else if (server_.counts_.held_bytes > server_.limits_.held_bytes_max)
    refuse(503, "too many large requests are under way");
}

base::Task<HttpReply> HttpServer::Session::answer() {
  set({});  // only the end of it all stands
  auto request = parse(raw_, server_.limits_.body_bytes_max);
  if (!request) {
    keep_ = false;
    co_return plain_reply(400, "stormproof: the body's chunks are malformed");
  }
  ++server_.counts_.requests;
  HttpReply reply = co_await server_.handler_(*request);
  if (const auto why = unsendable(reply); !why.empty()) reply = plain_reply(500, fmt::format("stormproof: {}", why));
  co_return reply;
}

base::Task<> HttpServer::Session::send(HttpReply reply) {
  set({});
  const std::string head = head_of(reply, keep_);
  const bool bare = to_head_ || has_no_body(reply.status);
  const std::array<std::string_view, 2> parts = {head, bare ? std::string_view() : reply.body};
  if (co_await connection_.write(parts)) keep_ = false;
}

// Ends our side and reads the client out, so that no reset overtakes our last words.
base::Task<> HttpServer::Session::linger() {
  connection_.socket().shutdown_send();  // it may have gone meanwhile
  set(std::max(server_.limits_.linger, std::chrono::nanoseconds(1)));
  do {
    connection_.consume(connection_.unread().size());
  } while (!(co_await connection_.more()).ended());
}

base::Result<std::unique_ptr<HttpServer>> HttpServer::open(IoContext& io, const Endpoint& listen, Handler handler,
                                                           HttpServerLimits limits) {
  TaskHandler at_once = [handler = std::move(handler)](const HttpRequest& request) -> base::Task<HttpReply> {
    co_return guarded(handler, request);
  };
  return open(io, listen, std::move(at_once), limits);
}

base::Result<std::unique_ptr<HttpServer>> HttpServer::open(IoContext& io, const Endpoint& listen, TaskHandler handler,
                                                           HttpServerLimits limits) {
  auto listener = Listener::open(io, listen);
  if (!listener) return std::unexpected(listener.error());
  std::unique_ptr<HttpServer> server(new HttpServer(io, std::move(*listener), std::move(handler), limits));
  server->group_.spawn(server->accept_all());
  return server;
}

HttpServer::HttpServer(IoContext& io, std::unique_ptr<Listener> listener, TaskHandler handler, HttpServerLimits limits)
    : io_(io), handler_(std::move(handler)), limits_(limits), listener_(std::move(listener)), deadlines_(io) {}

HttpServer::~HttpServer() = default;

base::Task<> HttpServer::serve(HttpServer& server, Socket socket) {
  Session session(server, std::move(socket));
  co_await session.run();
}

base::Task<> HttpServer::accept_all() {
  Pause pause(io_);
  while (!closing_.requested()) {
    auto accepted = co_await listener_->accept();
    if (!accepted) {
      if (closing_.requested()) break;
      co_await pause.lasting(accept_again_after);
      continue;
    }
    ++counts_.connections;
    if (group_.size() > limits_.connections_max) {
      ++counts_.connections_refused;  // closed by its destructor
      continue;
    }
    group_.spawn(serve(*this, std::move(*accepted)));
  }
}

base::Task<> HttpServer::close() {
  listener_->close();
  closing_.request();
  const CloseLimit limit(deadlines_, group_, limits_.drain);
  co_await group_.drained();
}

}  // namespace stormproof::wire
