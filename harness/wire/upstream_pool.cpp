#include "harness/wire/upstream_pool.h"

#include <algorithm>

#include "harness/wire/handshake.h"

namespace stormproof::wire {
namespace {

constexpr std::chrono::seconds sweep_every{1};
constexpr std::chrono::nanoseconds at_least{1};  // zero would be no limit

// Awaits a connection, with a coarse time limit.
class Connect final : private Deadlines::Entry, private Reactor::Watcher {
 public:
  Connect(Deadlines& deadlines, Socket& socket, const Endpoint& endpoint, const PoolLimits& limits)
      : Entry(deadlines), socket_(socket), endpoint_(endpoint), from_(limits.from) {
    set(limits.connect);
  }
  ~Connect() override { socket_.unwatch(); }

  bool await_ready() {
    error_ = socket_.connect(endpoint_, *this, from_ ? &*from_ : nullptr);
    return error_ != asio::error::in_progress;
  }
  void await_suspend(std::coroutine_handle<> waiter) { waiter_ = waiter; }
  ErrorCode await_resume() const { return timed_out_ ? ErrorCode(asio::error::timed_out) : error_; }

 private:
  void on_readable(bool) override {}
  void on_writable() override { end(socket_.connected()); }
  void on_turn() override { end(asio::error::operation_aborted); }  // the socket was closed
  void on_deadline() override {
    timed_out_ = true;
    socket_.close();
  }
  void end(const ErrorCode& error) {
    error_ = error;
    clear();
    waiter_.resume();
  }

  Socket& socket_;
  Endpoint endpoint_;
  std::optional<Endpoint> from_;
  ErrorCode error_;
  std::coroutine_handle<> waiter_;
  bool timed_out_ = false;
};

// Cuts a handshake that takes too long.
class HandshakeLimit final : private Deadlines::Entry {
 public:
  HandshakeLimit(Deadlines& deadlines, Connection& connection, std::chrono::nanoseconds at_most)
      : Entry(deadlines), connection_(connection) {
    set(at_most);
  }
  bool passed() const { return passed_; }

 private:
  void on_deadline() override {
    passed_ = true;
    connection_.close();
  }
  Connection& connection_;
  bool passed_ = false;
};

events::Outcome cause_of(const ErrorCode& error) {
  if (error == asio::error::timed_out) return events::Outcome::connect_timeout;
  if (error == asio::error::operation_aborted || error == asio::error::bad_descriptor)
    return events::Outcome::cancelled;
  return events::Outcome::refused;
}

}  // namespace

base::Task<> retire(std::unique_ptr<Connection> connection) {
  connection->watch(nullptr);
  connection->close_in_order();
  co_await connection->settled();
}

UpstreamPool::UpstreamPool(IoContext& io, Deadlines& deadlines, Endpoint endpoint, PoolLimits limits, TlsPeer tls,
                           StreamInterceptor* streams)
    : Entry(deadlines),
      io_(io),
      deadlines_(deadlines),
      endpoint_(std::move(endpoint)),
      limits_(limits),
      tls_(std::move(tls)),
      streams_(streams) {
  set(sweep_every);
}

UpstreamPool::~UpstreamPool() = default;

std::unique_ptr<Connection> UpstreamPool::take_idle() {
  ended_.clear();
  if (idle_.empty()) return nullptr;
  std::unique_ptr<Connection> connection = std::move(idle_.back().connection);
  idle_.pop_back();
  connection->watch(nullptr);
  return connection;
}

base::Task<ConnectResult> UpstreamPool::connect(ConnectAttempt** told, Connection* peer) {
  ConnectAttempt attempt(io_);
  *told = &attempt;
  const auto begun = std::chrono::steady_clock::now();
  ErrorCode error;
  if (streams_ != nullptr) error = co_await meet_fault(attempt, ++tried_);
  attempt.on_the_way(&attempt.socket());
  if (!error) error = co_await Connect(deadlines_, attempt.socket(), endpoint_, limits_);
  attempt.on_the_way(nullptr);
  if (error) *told = nullptr;
  if (error) co_return std::unexpected(ConnectFailure{cause_of(error), error});
  auto connection = std::make_unique<Connection>(std::move(attempt.socket()));
  connection->set_number(++made_);
  if (tls_.context != nullptr) {
    attempt.on_the_way(&connection->socket());
    const auto left = limits_.connect - (std::chrono::steady_clock::now() - begun);
    const auto secured = co_await secure(*connection, limits_.connect.count() > 0 ? std::max(left, at_least) : left);
    if (!secured) *told = nullptr;
    if (!secured) co_return std::unexpected(secured.error());
  }
  *told = nullptr;
  if (streams_ != nullptr) streams_->upstream_opened(*connection, connection->number(), peer);
  co_return connection;
}

// Waits for the instant that the verdict says, for another verdict, or for the end of the attempt.
base::Task<ErrorCode> UpstreamPool::meet_fault(ConnectAttempt& attempt, std::uint64_t nth) {
  auto verdict = streams_->connecting(nth);
  if (!verdict) co_return ErrorCode();
  constexpr auto never = std::chrono::steady_clock::time_point::max();
  const auto begun = std::chrono::steady_clock::now();
  const auto limit = limits_.connect.count() > 0 ? begun + limits_.connect : never;
  ErrorCode error;
  auto now = begun;
  streams_->hold(attempt.pause());
  while (verdict && !attempt.closed() && (verdict->hang || now < begun + verdict->delay)) {
    const bool whole = co_await attempt.pause().until(std::min(limit, verdict->hang ? never : begun + verdict->delay));
    now = std::chrono::steady_clock::now();
    if (now >= limit) error = asio::error::timed_out;
    if (error || attempt.closed()) break;
    if (whole) continue;
    attempt.pause().rearm();
    verdict = streams_->connecting(nth);
  }
  streams_->let_go(attempt.pause());
  if (attempt.closed()) co_return asio::error::operation_aborted;
  if (verdict) streams_->connect_held(nth, now - begun);
  if (verdict && verdict->refuse && !error) error = asio::error::connection_refused;
  co_return error;
}

base::Task<std::expected<void, ConnectFailure>> UpstreamPool::secure(Connection& connection,
                                                                     std::chrono::nanoseconds at_most) {
  const HandshakeLimit limit(deadlines_, connection, at_most);
  const auto done = co_await handshake(connection, tls_.context, tls_.name);
  if (done) co_return std::expected<void, ConnectFailure>();
  if (limit.passed()) {
    co_return std::unexpected(ConnectFailure{events::Outcome::connect_timeout, asio::error::timed_out});
  }
  const bool cut = cause_of(done.error()) == events::Outcome::cancelled;
  co_return std::unexpected(
      ConnectFailure{cut ? events::Outcome::cancelled : events::Outcome::tls_failed, done.error()});
}

base::Task<> UpstreamPool::give_back(std::unique_ptr<Connection> connection) {
  ended_.clear();
  const bool clean = connection->open() && connection->unread().empty() && !connection->ended();
  if (!clean || closing_ || idle_.size() >= limits_.idle_max) {
    co_await retire(std::move(connection));
    co_return;
  }
  connection->watch(this);
  connection->shrink();
  connection->arm();
  idle_.push_back({std::move(connection), std::chrono::steady_clock::now()});
}

// An idle connection has ended, or its upstream speaks out of turn.
void UpstreamPool::on_arrival(Connection& connection) {
  const auto is_it = [&](const auto& each) { return each.get() == &connection; };
  if (const auto left = std::ranges::find_if(leaving_, is_it); left != leaving_.end()) {
    ended_.push_back(std::move(*left));
    leaving_.erase(left);
    return;
  }
  const auto found = std::ranges::find_if(idle_, is_it, &Idle::connection);
  if (found == idle_.end()) return;
  connection.close();
  ended_.push_back(std::move(found->connection));
  idle_.erase(found);
}

void UpstreamPool::on_deadline() {
  ended_.clear();
  give_up_before(std::chrono::steady_clock::now() - limits_.idle_for);
  set(sweep_every);
}

// Idle ones are in order of age. Closing ends the pending read, and on_arrival() hears of it.
void UpstreamPool::give_up_before(std::chrono::steady_clock::time_point instant) {
  const auto young = std::ranges::find_if(idle_, [&](const Idle& idle) { return idle.since >= instant; });
  for (auto old = idle_.begin(); old != young; ++old) {
    old->connection->close_in_order();
    leaving_.push_back(std::move(old->connection));
  }
  idle_.erase(idle_.begin(), young);
}

base::Task<> UpstreamPool::close() {
  closing_ = true;
  ended_.clear();
  while (std::unique_ptr<Connection> connection = take_idle()) co_await retire(std::move(connection));
  while (!leaving_.empty()) {
    std::unique_ptr<Connection> connection = std::move(leaving_.back());
    leaving_.pop_back();
    co_await retire(std::move(connection));
  }
}

}  // namespace stormproof::wire
