#include "harness/wire/handshake.h"

namespace stormproof::wire {

base::Task<std::expected<Handshaken, ErrorCode>> handshake(Connection& connection, std::shared_ptr<TlsContext> context,
                                                           std::string name) {
  auto layer = TlsLayer::make(std::move(context), std::move(name), connection.socket().native_handle());
  if (!layer) co_return std::unexpected(layer.error());
  while (true) {
    if (!connection.open()) co_return std::unexpected(ErrorCode(asio::error::operation_aborted));
    const LayerStep step = (*layer)->shake();
    if (step.error) co_return std::unexpected(step.error);
    if (!step.waits()) break;
    if (const ErrorCode error = co_await connection.ready(step.wants)) co_return std::unexpected(error);
  }
  Handshaken done = (*layer)->handshaken();
  connection.set_layer(std::move(*layer));
  co_return done;
}

}  // namespace stormproof::wire
