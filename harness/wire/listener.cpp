#include "harness/wire/listener.h"

#include <sys/socket.h>

#include <cerrno>

namespace stormproof::wire {
namespace {

void share(Acceptor& acceptor, ErrorCode& code) {
  const int on = 1;
  if (::setsockopt(acceptor.native_handle(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0)
    code.assign(errno, boost::system::system_category());
}

}  // namespace

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
  return std::unique_ptr<Listener>(new Listener(std::move(acceptor), bound));
}

void Listener::Accept::await_suspend(std::coroutine_handle<> waiter) {
  listener_.acceptor_.async_accept([this, waiter](const ErrorCode& code, Socket socket) {
    error_ = code;
    socket_.emplace(std::move(socket));
    waiter.resume();
  });
}

std::expected<Socket, ErrorCode> Listener::Accept::await_resume() {
  if (error_) return std::unexpected(error_);
  return std::move(*socket_);
}

void Listener::close() {
  ErrorCode ignored;
  acceptor_.close(ignored);
}

}  // namespace stormproof::wire
