// Relay: a listener before an upstream. It forwards HTTP/1.x byte by byte as received, and tells what it saw.
//
// One relay lives on one io_context, single-threaded. It reads each head with wire::Framer, forwards the original bytes
// in constant memory with back-pressure both ways, keeps upstream connections alive, and hands each exchange to its
// taps: events (Sink), a Tapper (recording, shadowing) and an Interceptor (faults). None of them is needed. A malformed
// request is answered 400 (431: its head is too large) and never forwarded; an upstream that cannot be had, 502 or 504;
// a client that stalls within its request, 408. After such an answer the connection ends.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "harness/base/clock.h"
#include "harness/base/error.h"
#include "harness/base/task_group.h"
#include "harness/events/event.h"
#include "harness/proxy/head_lines.h"
#include "harness/proxy/upstreams.h"
#include "harness/wire/deadlines.h"
#include "harness/wire/intercept.h"
#include "harness/wire/listener.h"
#include "harness/wire/stream_seam.h"
#include "harness/wire/tls.h"

namespace stormproof::proxy {

// Zero or less: no limit; of drain: at once.
struct RelayLimits {
  std::chrono::nanoseconds client_idle = std::chrono::seconds(75);    // between exchanges
  std::chrono::nanoseconds client_head = std::chrono::seconds(30);    // from a head's first byte to its last
  std::chrono::nanoseconds upstream_head = std::chrono::seconds(60);  // from the request to the response's head
  std::chrono::nanoseconds idle = std::chrono::seconds(60);           // without a byte within a message
  std::chrono::nanoseconds total{0};                                  // of an exchange, from its head; no tunnel's
  std::chrono::nanoseconds tunnel_idle = std::chrono::hours(1);       // without a byte either way after an upgrade
  std::chrono::nanoseconds linger = std::chrono::seconds(2);          // for a client to read our last words
  std::chrono::nanoseconds drain = std::chrono::seconds(10);          // from drain() to the end
  std::size_t connections_max = 20'000;
  wire::PoolLimits pool;
};

struct RelayOptions {
  wire::Endpoint listen;
  bool tcp = false;         // bytes of any protocol: the upstreams, limits.pool.connect and limits.tunnel_idle apply
  bool share_port = false;  // with other relays of this process, one a thread; the kernel spreads the connections
  std::shared_ptr<wire::TlsContext> tls;  // a server's: clients speak TLS; the handshake is part of their head
  std::vector<Upstream> upstreams;
  Stickiness stickiness;
  events::Side side = events::Side::egress;
  events::NameId party = 0;
  RelayLimits limits;
  HeadLines head_lines;
  // Connections and requests are numbered number_first, number_first + number_step …: relays that share a recorder
  // or a log each have their own numbers.
  std::uint64_t number_first = 1;
  std::uint64_t number_step = 1;
  // True: a client that ends its side while it waits has left, and its call ends then (what a service under test does).
  // False: it may still read the response (half-close).
  bool client_eof_cancels = false;
};

// What a relay tells and asks; each may be nullptr. They outlive the relay.
struct RelayTaps {
  events::Sink* sink = nullptr;
  wire::Tapper* tapper = nullptr;
  wire::Interceptor* interceptor = nullptr;
  wire::StreamInterceptor* streams = nullptr;
};

struct RelayCounts {
  std::uint64_t connections = 0;
  std::uint64_t connections_refused = 0;  // above connections_max
  std::uint64_t handshakes_failed = 0;    // of clients
  std::uint64_t exchanges = 0;            // heads received, malformed ones included

  RelayCounts& operator+=(const RelayCounts& other) {
    connections += other.connections;
    connections_refused += other.connections_refused;
    handshakes_failed += other.handshakes_failed;
    exchanges += other.exchanges;
    return *this;
  }
};

class Relay {
 public:
  static base::Result<std::unique_ptr<Relay>> open(wire::IoContext& io, const base::Clock& clock, RelayOptions options,
                                                   RelayTaps taps);
  ~Relay();

  // What open() and apply() would refuse, but for the address.
  static base::Result<void> check(const RelayOptions& options);

  // Where it listens, with the port that the kernel chose.
  wire::Endpoint endpoint() const { return listener_->endpoint(); }
  const RelayCounts& counts() const { return counts_; }
  const Upstreams& upstreams() const { return *upstreams_; }
  // Client connections that are open.
  std::size_t sessions() const { return sessions_; }

  // From the next exchange on; those under way end as they began. What cannot change is where it listens, its mode, its
  // side, its party and its numbers. Refused: what Upstreams refuses, and then nothing has changed.
  base::Result<void> apply(RelayOptions options, RelayTaps taps);

  // Stops accepting, lets exchanges under way end within limits.drain, then cuts them. Completes when all is closed.
  base::Task<> drain();

 private:
  friend class Session;
  friend class StreamSession;
  friend class Exchange;
  // Ends sets of upstreams that a reload replaced, once no exchange uses them.
  class Retired;
  Relay(wire::IoContext& io, const base::Clock& clock, RelayOptions options, RelayTaps taps,
        std::unique_ptr<wire::Listener> listener);
  base::Task<> accept_all();
  std::uint64_t numbered(std::uint64_t count) const {
    return options_.number_first + (count - 1) * options_.number_step;
  }

  wire::IoContext& io_;
  const base::Clock& clock_;
  RelayOptions options_;
  RelayTaps taps_;
  std::unique_ptr<wire::Listener> listener_;
  wire::Deadlines deadlines_;
  std::shared_ptr<Upstreams> upstreams_;
  std::unique_ptr<Retired> retired_;
  base::Stop draining_;    // "end after this exchange"
  base::TaskGroup group_;  // its stop: "end now"
  RelayCounts counts_;
  std::size_t sessions_ = 0;
};

}  // namespace stormproof::proxy
