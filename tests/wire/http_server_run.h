// HttpServerRun: an HttpServer on a thread of its own, and what a client does with it.
//
// The server is closed and its thread joined by end() or the destructor.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/post.hpp>
#include <future>
#include <thread>

#include "harness/wire/http_server.h"
#include "tests/support/raw_connection.h"

namespace stormproof::wire {

class HttpServerRun {
 public:
  template <typename Handler>
  explicit HttpServerRun(Handler handler, HttpServerLimits limits = {}) {
    auto server = HttpServer::open(io_, {asio::ip::address_v4::loopback(), 0}, std::move(handler), limits);
    if (!server) {
      ADD_FAILURE() << server.error().to_string();
      std::abort();
    }
    server_ = std::move(*server);
    port_ = server_->endpoint().port();
    thread_ = std::thread([this] { io_.run(); });
  }
  ~HttpServerRun() { end(); }

  std::uint16_t port() const { return port_; }

  support::RawConnection connect() const {
    auto connection = support::RawConnection::connect(port_);
    if (connection) return std::move(*connection);
    ADD_FAILURE() << connection.error().to_string();
    return support::RawConnection(support::Fd());
  }

  // All that the server says before it ends the connection.
  std::string last_words(std::string_view request) const {
    support::RawConnection client = connect();
    EXPECT_TRUE(client.send(request));
    const auto said = client.read_to_end();
    if (!said) ADD_FAILURE() << said.error().to_string();
    return said.value_or("");
  }

  // Starts the closing and returns; end() waits for it.
  void begin_close() {
    if (closing_) return;
    closing_ = true;
    asio::post(io_, [this] { tasks_.spawn(close()); });
  }

  HttpServerCounts end() {
    if (!thread_.joinable()) return counts_;
    begin_close();
    thread_.join();
    counts_ = server_->counts();
    server_.reset();
    io_.restart();
    io_.run();  // whatever it left behind must not touch it any more
    return counts_;
  }

  // Once what was posted before has been done.
  HttpServerCounts counts() {
    std::promise<HttpServerCounts> counts;
    asio::post(io_, [&] { counts.set_value(server_->counts()); });
    return counts.get_future().get();
  }

  IoContext& io() { return io_; }

 private:
  base::Task<> close() {
    co_await server_->close();
    io_.stop();
  }

  IoContext io_{one_thread};
  std::unique_ptr<HttpServer> server_;
  base::TaskGroup tasks_;
  std::uint16_t port_ = 0;
  HttpServerCounts counts_;
  bool closing_ = false;
  std::thread thread_;
};

}  // namespace stormproof::wire
