#include "harness/wire/upstream_pool.h"

#include <algorithm>

namespace stormproof::wire {
namespace {

constexpr std::chrono::seconds sweep_every{1};

// Awaits async_connect, with a coarse time limit.
class Connect final : private Deadlines::Entry {
 public:
  Connect(Deadlines& deadlines, Socket& socket, const Endpoint& endpoint, std::chrono::nanoseconds at_most)
      : Entry(deadlines), socket_(socket), endpoint_(endpoint) {
    set(at_most);
  }

  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> waiter) {
    socket_.async_connect(endpoint_, [this, waiter](const ErrorCode& code) {
      error_ = code;
      clear();
      waiter.resume();
    });
  }
  ErrorCode await_resume() const { return timed_out_ ? ErrorCode(asio::error::timed_out) : error_; }

 private:
  void on_deadline() override {
    timed_out_ = true;
    ErrorCode ignored;
    socket_.close(ignored);
  }

  Socket& socket_;
  Endpoint endpoint_;
  ErrorCode error_;
  bool timed_out_ = false;
};

events::Outcome cause_of(const ErrorCode& error) {
  if (error == asio::error::timed_out) return events::Outcome::connect_timeout;
  if (error == asio::error::operation_aborted || error == asio::error::bad_descriptor) return events::Outcome::cancelled;
  return events::Outcome::refused;
}

}  // namespace

base::Task<> retire(std::unique_ptr<Connection> connection) {
  connection->watch(nullptr);
  connection->close();
  co_await connection->settled();
}

UpstreamPool::UpstreamPool(IoContext& io, Deadlines& deadlines, Endpoint endpoint, PoolLimits limits)
    : Entry(deadlines), io_(io), deadlines_(deadlines), endpoint_(std::move(endpoint)), limits_(limits) {
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

base::Task<ConnectResult> UpstreamPool::connect(Socket** cancel) {
  Socket socket(io_);
  *cancel = &socket;
  const ErrorCode error = co_await Connect(deadlines_, socket, endpoint_, limits_.connect);
  *cancel = nullptr;
  if (error) co_return std::unexpected(ConnectFailure{cause_of(error), error});
  auto connection = std::make_unique<Connection>(std::move(socket));
  connection->set_number(++made_);
  co_return connection;
}

base::Task<> UpstreamPool::give_back(std::unique_ptr<Connection> connection) {
  ended_.clear();
  const bool clean = connection->open() && connection->unread().empty() && !connection->arrived().eof;
  if (!clean || closing_ || idle_.size() >= limits_.idle_max) {
    co_await retire(std::move(connection));
    co_return;
  }
  connection->watch(this);
  connection->shrink();
  connection->arm();
  idle_.push_back({std::move(connection), std::chrono::steady_clock::now()});
}

void UpstreamPool::on_arrival(Connection& connection) {
  const auto found = std::ranges::find(idle_, &connection, [](const Idle& idle) { return idle.connection.get(); });
  if (found == idle_.end()) return;
  connection.close();
  ended_.push_back(std::move(found->connection));
  idle_.erase(found);
}

// Closing makes the pending read end, and on_arrival() takes it out.
void UpstreamPool::on_deadline() {
  ended_.clear();
  const auto oldest = std::chrono::steady_clock::now() - limits_.idle_for;
  for (const Idle& idle : idle_) {
    if (idle.since < oldest) idle.connection->close();
  }
  set(sweep_every);
}

base::Task<> UpstreamPool::close() {
  closing_ = true;
  ended_.clear();
  while (std::unique_ptr<Connection> connection = take_idle()) co_await retire(std::move(connection));
}

}  // namespace stormproof::wire
