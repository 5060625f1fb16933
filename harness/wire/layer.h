// Layer: what may stand between a connection and its socket: TLS, or a fault that acts on bytes.
//
// A connection owns at most one and calls it on its own thread, never after its socket is closed. No call blocks: what
// cannot go on says what it waits for, and is called again, with the same bytes, when the socket is ready for that. One
// read and one write may be under way at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "harness/wire/net.h"

namespace stormproof::wire {

// What a layer did: bytes > 0, or what it waits for, or an error. asio::error::eof: the other side has ended in order.
struct LayerStep {
  enum class Wants : std::uint8_t { nothing, readable, writable };

  std::size_t bytes = 0;
  Wants wants = Wants::nothing;
  ErrorCode error = {};

  bool waits() const { return wants != Wants::nothing; }
};

class Layer {
 public:
  virtual ~Layer() = default;

  virtual LayerStep read(std::span<char> room) = 0;
  // Some of the bytes of the parts, in order. None of the parts is empty.
  virtual LayerStep write(std::span<const asio::const_buffer> parts) = 0;
  // Tells the other side that no more comes; reading goes on. Done: nothing waited for, no error.
  virtual LayerStep end_sending() = 0;
};

}  // namespace stormproof::wire
