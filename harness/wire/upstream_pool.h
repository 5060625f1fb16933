// UpstreamPool: connections to one address, kept alive between exchanges and lent one at a time. One thread.
//
// The youngest idle connection is lent first. One that the upstream closes while idle, or on which it speaks out of
// turn, leaves the pool at once. Bounded: at most `idle_max` idle connections, each for at most `idle_for`; how many
// are lent is the borrower's affair. With TLS a connection is one after its handshake, which counts as connecting.
#pragma once

#include <chrono>
#include <expected>
#include <memory>
#include <optional>
#include <vector>

#include "harness/base/task.h"
#include "harness/events/event.h"
#include "harness/wire/connect_attempt.h"
#include "harness/wire/connection.h"
#include "harness/wire/deadlines.h"
#include "harness/wire/stream_seam.h"
#include "harness/wire/tls.h"

namespace stormproof::wire {

struct PoolLimits {
  std::size_t idle_max = 512;
  std::chrono::nanoseconds idle_for = std::chrono::seconds(30);
  std::chrono::nanoseconds connect = std::chrono::seconds(5);  // the handshake of TLS included
  std::optional<Endpoint> from = {};  // this machine's address for connections; none: the system's choice
};

// Why there is no connection: refused, connect_timeout, cancelled or tls_failed, and the system's own word for it.
struct ConnectFailure {
  events::Outcome cause = events::Outcome::refused;
  ErrorCode error;
};

using ConnectResult = std::expected<std::unique_ptr<Connection>, ConnectFailure>;

class UpstreamPool final : private Connection::Watcher, private Deadlines::Entry {
 public:
  UpstreamPool(IoContext& io, Deadlines& deadlines, Endpoint endpoint, PoolLimits limits = {}, TlsPeer tls = {},
               StreamInterceptor* streams = nullptr);
  ~UpstreamPool() override;

  const Endpoint& endpoint() const { return endpoint_; }
  std::size_t idle() const { return idle_.size(); }

  // nullptr: none is idle.
  std::unique_ptr<Connection> take_idle();

  // A new connection, numbered from 1. `*attempt`, set while it is under way, may be closed to end it early.
  // `peer`: as StreamInterceptor has it.
  base::Task<ConnectResult> connect(ConnectAttempt** attempt, Connection* peer = nullptr);

  // Only between exchanges, with nothing unread; otherwise it is closed.
  base::Task<> give_back(std::unique_ptr<Connection> connection);

  // Closes what is idle and waits for it. Nothing may be lent any more.
  base::Task<> close();

 private:
  struct Idle {
    std::unique_ptr<Connection> connection;
    std::chrono::steady_clock::time_point since;
  };
  base::Task<std::expected<void, ConnectFailure>> secure(Connection& connection, std::chrono::nanoseconds at_most);
  // An empty error: go on and connect.
  base::Task<ErrorCode> meet_fault(ConnectAttempt& attempt, std::uint64_t nth);
  void on_arrival(Connection& connection) override;
  void on_deadline() override;
  void give_up_before(std::chrono::steady_clock::time_point instant);

  IoContext& io_;
  Deadlines& deadlines_;
  Endpoint endpoint_;
  PoolLimits limits_;
  TlsPeer tls_;
  StreamInterceptor* streams_;
  std::vector<Idle> idle_;
  std::vector<std::unique_ptr<Connection>> leaving_;  // closed, their reads not yet ended
  std::vector<std::unique_ptr<Connection>> ended_;    // closed and settled, destroyed at the next call
  std::uint64_t tried_ = 0;
  std::uint64_t made_ = 0;
  bool closing_ = false;
};

// Closes a connection, in order where it still can be, and ends it properly.
base::Task<> retire(std::unique_ptr<Connection> connection);

}  // namespace stormproof::wire
