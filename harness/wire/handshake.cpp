#include "harness/wire/handshake.h"

namespace stormproof::wire {
namespace {

// Awaits the readiness of a socket.
class Ready {
 public:
  Ready(Socket& socket, Socket::wait_type type) : socket_(socket), type_(type) {}
  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> waiter) {
    socket_.async_wait(type_, [this, waiter](const ErrorCode& code) {
      error_ = code;
      waiter.resume();
    });
  }
  ErrorCode await_resume() const { return error_; }

 private:
  Socket& socket_;
  Socket::wait_type type_;
  ErrorCode error_;
};

}  // namespace

base::Task<std::expected<Handshaken, ErrorCode>> handshake(Connection& connection, std::shared_ptr<TlsContext> context,
                                                           std::string name) {
  Socket& socket = connection.socket();
  auto layer = TlsLayer::make(std::move(context), std::move(name), socket.native_handle());
  if (!layer) co_return std::unexpected(layer.error());
  while (true) {
    if (!connection.open()) co_return std::unexpected(ErrorCode(asio::error::operation_aborted));
    const LayerStep step = (*layer)->shake();
    if (step.error) co_return std::unexpected(step.error);
    if (!step.waits()) break;
    if (const ErrorCode error = co_await Ready(socket, step.wait_type())) co_return std::unexpected(error);
  }
  Handshaken done = (*layer)->handshaken();
  connection.set_layer(std::move(*layer));
  co_return done;
}

}  // namespace stormproof::wire
