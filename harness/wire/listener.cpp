#include "harness/wire/listener.h"

#include <sys/socket.h>

#include <boost/asio/basic_socket_acceptor.hpp>
#include <cerrno>

namespace stormproof::wire {
namespace {

void share(Acceptor& acceptor, ErrorCode& code) {
  const int on = 1;
  if (::setsockopt(acceptor.native_handle(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0)
    code.assign(errno, boost::system::system_category());
}

}  // namespace

base::Result<void> Listener::may_open(const Endpoint& address) {
  IoContext io(one_thread);
  Acceptor acceptor(io);
  ErrorCode code;
  acceptor.open(address.protocol(), code);
  if (!code) acceptor.set_option(asio::socket_base::reuse_address(true), code);
  if (!code) acceptor.bind(address, code);
  if (code) return base::fail("cannot listen on " + to_string(address) + ": " + code.message());
  return {};
}

base::Result<std::unique_ptr<Listener>> Listener::open(IoContext& io, const Endpoint& address, bool share_port) {
  ErrorCode code;
  const auto failed = [&] { return base::fail("cannot listen on " + to_string(address) + ": " + code.message()); };
  Acceptor acceptor(io);
  acceptor.open(address.protocol(), code);
  if (!code) acceptor.set_option(asio::socket_base::reuse_address(true), code);
  if (!code && share_port) share(acceptor, code);
  if (!code) acceptor.bind(address, code);
  if (!code) acceptor.listen(asio::socket_base::max_listen_connections, code);
  if (code) return failed();
  const Endpoint bound = acceptor.local_endpoint(code);
  if (code) return failed();
  acceptor.non_blocking(true, code);
  if (code) return failed();
  std::unique_ptr<Listener> listener(new Listener(io, acceptor.release(code), bound));
  if (code) return failed();
  listener->socket_.watch(*listener, code);
  if (code) return failed();
  return listener;
}

Listener::Listener(IoContext& io, int descriptor, Endpoint endpoint)
    : io_(io), socket_(io, descriptor), endpoint_(endpoint) {}

Listener::~Listener() = default;

// Never within the call: who accepts in a loop lets the loop do other things between.
void Listener::begin(std::coroutine_handle<> waiter) {
  waiter_ = waiter;
  if (readable_ || !socket_.is_open()) socket_.reactor().turn(*this);
}

void Listener::on_readable(bool) {
  readable_ = true;
  if (waiter_) try_now();
}

void Listener::on_turn() {
  if (!waiter_) return;
  if (socket_.is_open()) return try_now();
  accepted_ = std::unexpected(ErrorCode(asio::error::operation_aborted));
  std::exchange(waiter_, nullptr).resume();
}

// After an error that may pass there is no new edge for what waits already: the next accept() tries again.
void Listener::try_now() {
  const int descriptor = ::accept4(socket_.native_handle(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (descriptor < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
    readable_ = false;
    return;
  }
  if (descriptor >= 0) accepted_ = Socket(io_, descriptor);
  else accepted_ = std::unexpected(ErrorCode(errno, boost::system::system_category()));
  std::exchange(waiter_, nullptr).resume();
}

void Listener::close() { socket_.close(); }

}  // namespace stormproof::wire
