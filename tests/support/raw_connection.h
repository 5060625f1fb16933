// RawConnection: one TCP connection, byte by byte, as a test or a hostile peer speaks it.
//
// Blocking, every call within its deadline. Bytes that a read left over are kept for the next. Not HTTP: what is
// sent is exactly what was said.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "harness/base/error.h"
#include "tests/support/fd.h"

namespace stormproof::support {

class RawConnection {
 public:
  static constexpr std::chrono::milliseconds default_deadline = std::chrono::seconds(5);
  static constexpr std::size_t read_bytes_max = 256u << 20;  // a read that gets more is an error

  // To 127.0.0.1.
  static base::Result<RawConnection> connect(std::uint16_t port, std::chrono::milliseconds within = default_deadline);

  // Takes a connected socket over.
  explicit RawConnection(Fd socket) : socket_(std::move(socket)) {}

  base::Result<void> send(std::string_view bytes, std::chrono::milliseconds within = default_deadline);

  // Exactly `count` bytes.
  base::Result<std::string> read(std::size_t count, std::chrono::milliseconds within = default_deadline);

  // Up to and with the first `marker`.
  base::Result<std::string> read_until(std::string_view marker, std::chrono::milliseconds within = default_deadline);

  // All until the peer closes. A reset is an error: "the peer reset the connection".
  base::Result<std::string> read_to_end(std::chrono::milliseconds within = default_deadline);

  // Says that no more bytes come; reading goes on.
  void end_sending();

  // Closes with a reset, so that the peer sees an error and not an end.
  void reset();

  void close();
  int fd() const { return socket_.number(); }

 private:
  // More bytes into buffered_: their number, 0 at the end.
  base::Result<std::size_t> fill(std::chrono::steady_clock::time_point deadline);
  std::string take(std::size_t count);

  Fd socket_;
  std::string buffered_;
};

}  // namespace stormproof::support
