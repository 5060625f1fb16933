// RawServer: a TCP server on 127.0.0.1 whose every connection is played by a function. For hostile peers.
//
// The function gets the connection, on a thread of its own, and the connection is closed when it returns. The
// destructor cuts what is open (reads and writes of the functions then end with errors) and joins every thread.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <mutex>
#include <thread>

#include "tests/support/fd.h"
#include "tests/support/raw_connection.h"

namespace stormproof::support {

class RawServer {
 public:
  static constexpr std::size_t connections_max = 1024;  // at a time; more are closed at once

  using Play = std::function<void(RawConnection&)>;

  // Port 0: a free one. Ends the program where the port cannot be had.
  explicit RawServer(Play play, std::uint16_t port = 0);
  RawServer(const RawServer&) = delete;
  RawServer& operator=(const RawServer&) = delete;
  ~RawServer();

  std::uint16_t port() const { return port_; }

  // How many connections were accepted so far.
  std::size_t accepted() const { return accepted_.load(); }

 private:
  struct Session;
  void accept_all();
  void serve(Session& session);
  void sweep();

  Play play_;
  Fd listener_;
  Fd stop_;  // an eventfd: readable means "end"
  std::uint16_t port_ = 0;
  std::atomic<std::size_t> accepted_ = 0;
  std::mutex mutex_;  // of the sessions' descriptors and of whether each has ended
  std::list<Session> sessions_;
  std::thread acceptor_;
};

}  // namespace stormproof::support
