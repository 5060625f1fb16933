// TlsLayer: TLS on the socket of one connection.
//
// Made for a socket that the connection owns, which must stay open while it is called. First shake() until it is done,
// then it is a Layer like any other. An end of the socket without TLS's own end is an error (connection_reset): what was
// cut must not look whole. An error is final.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "harness/wire/layer.h"
#include "harness/wire/tls.h"

namespace stormproof::wire {

// What a handshake agreed on.
struct Handshaken {
  bool resumed = false;     // an earlier session
  std::string version;      // "TLSv1.3"
  std::string protocol;     // by ALPN; "": none
  std::string server_name;  // that the client asked for (SNI); "": none
};

class TlsLayer final : public Layer {
 public:
  static std::expected<std::unique_ptr<TlsLayer>, ErrorCode> make(std::shared_ptr<TlsContext> context, std::string name,
                                                                  int socket);
  TlsLayer(const TlsLayer&) = delete;
  TlsLayer& operator=(const TlsLayer&) = delete;
  ~TlsLayer() override;

  // Done: nothing waited for, no error.
  LayerStep shake();
  Handshaken handshaken() const;

  LayerStep read(std::span<char> room) override;
  LayerStep write(std::span<const asio::const_buffer> parts) override;
  LayerStep end_sending() override;

  // A client's context tells of a session that may be resumed.
  void on_session(std::unique_ptr<ssl_session_st, SslDeleter> session);

 private:
  struct Bio;
  TlsLayer(std::shared_ptr<TlsContext> context, std::string name, int socket)
      : context_(std::move(context)), name_(std::move(name)), socket_(socket) {}
  LayerStep step_of(int result);
  LayerStep written(int result, std::size_t bytes);

  std::shared_ptr<TlsContext> context_;
  std::string name_;
  int socket_;
  bool socket_ended_ = false;
  bool sending_ended_ = false;
  ErrorCode socket_error_;
  ErrorCode broken_;      // nothing goes either way any more
  ErrorCode unwritable_;  // the socket takes no more; what the other side said before may still be read
  std::unique_ptr<ssl_st, SslDeleter> ssl_;
};

}  // namespace stormproof::wire
