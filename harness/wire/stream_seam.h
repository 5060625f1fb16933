// Stream seam: through it the bytes of connections are watched over and hurt. The relay and the pools know only this.
//
// Whoever stands here is told of each connection once it is there, after its TLS handshake, and may put a layer on it then
// or at any time until its rider ends. Connections of a relay without one pay for one look at a pointer, once. All calls are
// made on the relay's thread; the interceptor outlives the connections.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "harness/wire/connection.h"

namespace stormproof::wire {

// What an attempt to connect meets before it is made.
struct ConnectVerdict {
  std::chrono::nanoseconds delay{0};
  bool refuse = false;  // then
  bool hang = false;    // for as long as the verdict stays
};

class StreamInterceptor {
 public:
  virtual ~StreamInterceptor() = default;

  // `number`: of the relay's client connection, or of the pool's own one. `peer`: the connection to whose other side all
  // that this one brings is given, and which brings all that it is given (TCP mode); nullptr: there is none such.
  virtual void client_opened(Connection& connection, std::uint64_t number) = 0;
  virtual void upstream_opened(Connection& connection, std::uint64_t number, Connection* peer) = 0;

  // Before the nth attempt of a pool to connect, and again every `connect_look` while it is held; nothing: go on. Pure, so
  // that a verdict that stays is the same each time.
  static constexpr std::chrono::milliseconds connect_look{10};
  virtual std::optional<ConnectVerdict> connecting(std::uint64_t nth) = 0;
  // An attempt was held for so long, by the verdict before.
  virtual void connect_held(std::uint64_t nth, std::chrono::nanoseconds held) = 0;
};

}  // namespace stormproof::wire
