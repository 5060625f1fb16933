// Layer: what may stand between a connection and its socket: TLS, or a fault that acts on bytes.
//
// A connection owns at most one and calls it on its own thread, never after its socket is closed. No call blocks: what
// cannot go on says what it waits for, and is called again, with the same bytes, when the socket is ready for that. One
// read and one write may be under way at a time. What waits for neither readiness but for the layer itself (a fault that
// holds bytes back) goes on when the layer calls Connection::layer_readable() or layer_writable().
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "harness/wire/net.h"

namespace stormproof::wire {

// What a layer did: bytes > 0, or what it waits for, or an error. asio::error::eof: the other side has ended in order.
struct LayerStep {
  enum class Wants : std::uint8_t { nothing, readable, writable, layer };

  std::size_t bytes = 0;
  Wants wants = Wants::nothing;
  ErrorCode error = {};

  bool waits() const { return wants != Wants::nothing; }
  bool parked() const { return wants == Wants::layer; }
};

class Layer {
 public:
  virtual ~Layer() = default;

  virtual LayerStep read(std::span<char> room) = 0;
  // Some of the bytes of the parts, in order. None of the parts is empty.
  virtual LayerStep write(std::span<const asio::const_buffer> parts) = 0;
  // Tells the other side that no more comes; reading goes on. Done: nothing waited for, no error.
  virtual LayerStep end_sending() = 0;
  // Done when all that was written is with the socket.
  virtual LayerStep flush() { return {}; }
  // The socket has become readable or writable, whoever waits for it. Must not tell the connection within this call; may
  // close it.
  virtual void on_edge() {}
};

}  // namespace stormproof::wire
