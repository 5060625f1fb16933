// Stream seam: through it the bytes of connections are watched over and hurt. The relay and the pools know only this.
//
// Whoever stands here is told of each connection once it is there, after its TLS handshake, and may put a layer on it then
// or at any time until its rider ends. Connections of a relay without one pay for one look at a pointer, once. All calls are
// made on the relay's thread; the interceptor outlives the connections.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "harness/wire/connection.h"
#include "harness/wire/pause.h"

namespace stormproof::wire {

class TlsContext;

// What an attempt to connect meets before it is made.
struct ConnectVerdict {
  std::chrono::nanoseconds delay{0};
  bool refuse = false;  // then
  bool hang = false;    // for as long as the verdict stays
};

// What a handshake of TLS with a client meets.
struct HandshakeVerdict {
  events::NameId fault = 0;
  std::shared_ptr<TlsContext> instead = {};  // of the relay's own
  bool stall = false;                        // say nothing, until the client leaves or the connection is closed
  bool alert = false;                        // answer its first words with a fatal alert
};

class StreamInterceptor {
 public:
  virtual ~StreamInterceptor() = default;

  // `number`: of the relay's client connection, or of the pool's own one. `peer`: the connection to whose other side all
  // that this one brings is given, and which brings all that it is given (TCP mode); nullptr: there is none such.
  virtual void client_opened(Connection& connection, std::uint64_t number) = 0;
  virtual void upstream_opened(Connection& connection, std::uint64_t number, Connection* peer) = 0;

  // Before the nth attempt of a pool to connect, and again when it is told that verdicts have changed; nothing: go on.
  // Pure, so that a verdict that stays is the same each time.
  virtual std::optional<ConnectVerdict> connecting(std::uint64_t nth) = 0;
  // An attempt was held for so long, by the verdict before.
  virtual void connect_held(std::uint64_t nth, std::chrono::nanoseconds held) = 0;

  // Before a client of the relay shakes hands; nothing: as it should be. The connection may be closed by the interceptor
  // until shaken() is called.
  virtual std::optional<HandshakeVerdict> shaking_hands(Connection&, std::uint64_t) { return std::nullopt; }
  // What came of a handshake that had a verdict.
  enum class Shaken : std::uint8_t { accepted, refused };
  virtual void shaken(Connection&, std::uint64_t, Shaken) {}

  // Who waits for a verdict to change: interrupted when it may have. One that is held must be let go before its end.
  void hold(Pause& pause) { held_.push_back(&pause); }
  void let_go(Pause& pause) { std::erase(held_, &pause); }

 protected:
  void verdicts_changed() {
    for (Pause* pause : held_) pause->interrupt();
  }

 private:
  std::vector<Pause*> held_;
};

}  // namespace stormproof::wire
