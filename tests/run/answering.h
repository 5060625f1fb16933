// Answering: what the tests of a run share: a server that answers every request, and that knows what it was asked.
#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/raw_server.h"

namespace stormproof::run {

// Answers each request (without a body) with 200 and keeps the connection. Thread-safe.
class Answering {
 public:
  // `on_request` is called on the connection's thread, before the answer.
  explicit Answering(std::function<void()> on_request = [] {})
      : on_request_(std::move(on_request)), server_([this](support::RawConnection& connection) { play(connection); }) {}

  std::uint16_t port() const { return server_.port(); }

  // The heads of the requests so far.
  std::vector<std::string> asked() const {
    const std::lock_guard lock(mutex_);
    return asked_;
  }

 private:
  static constexpr std::string_view ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

  void play(support::RawConnection& connection) {
    while (const auto head = connection.read_until("\r\n\r\n")) {
      {
        const std::lock_guard lock(mutex_);
        asked_.push_back(*head);
      }
      on_request_();
      if (!connection.send(ok)) return;
    }
  }

  mutable std::mutex mutex_;
  std::vector<std::string> asked_;
  std::function<void()> on_request_;
  support::RawServer server_;  // the last: it ends first
};

}  // namespace stormproof::run
