#include "harness/wire/tls_layer.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <cerrno>

#include "harness/wire/tls_errors.h"

namespace stormproof::wire {
namespace {

constexpr std::size_t record_bytes = 16 * 1024;  // the most that one TLS record carries

}  // namespace

// The way to the socket. OpenSSL's own would raise SIGPIPE and forget the cause.
struct TlsLayer::Bio {
  static TlsLayer& layer(BIO* bio) { return *static_cast<TlsLayer*>(BIO_get_data(bio)); }

  static int read(BIO* bio, char* room, int bytes) {
    TlsLayer& self = layer(bio);
    BIO_clear_retry_flags(bio);
    const ssize_t got = ::recv(self.socket_, room, static_cast<std::size_t>(bytes), 0);
    if (got == 0) self.socket_ended_ = true;
    if (got < 0 && retry()) BIO_set_retry_read(bio);
    else if (got < 0) self.socket_error_ = {errno, boost::system::system_category()};
    return static_cast<int>(got);
  }

  static int write(BIO* bio, const char* data, int bytes) {
    TlsLayer& self = layer(bio);
    BIO_clear_retry_flags(bio);
    const ssize_t put = ::send(self.socket_, data, static_cast<std::size_t>(bytes), MSG_NOSIGNAL);
    if (put < 0 && retry()) BIO_set_retry_write(bio);
    else if (put < 0) self.socket_error_ = {errno, boost::system::system_category()};
    return static_cast<int>(put);
  }

  static long control(BIO*, int what, long, void*) { return what == BIO_CTRL_FLUSH ? 1 : 0; }

  static bool retry() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

  struct MethodDeleter {
    void operator()(BIO_METHOD* method) const { BIO_meth_free(method); }
  };

  static BIO_METHOD* method() {
    static const std::unique_ptr<BIO_METHOD, MethodDeleter> made = [] {
      std::unique_ptr<BIO_METHOD, MethodDeleter> fresh(
          BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket of a connection"));
      if (fresh != nullptr) {
        BIO_meth_set_read(fresh.get(), read);
        BIO_meth_set_write(fresh.get(), write);
        BIO_meth_set_ctrl(fresh.get(), control);
      }
      return fresh;
    }();
    return made.get();
  }
};

std::expected<std::unique_ptr<TlsLayer>, ErrorCode> TlsLayer::make(std::shared_ptr<TlsContext> context,
                                                                   std::string name, int socket) {
  auto ssl = context->start(name);
  if (!ssl) return std::unexpected(ssl.error());
  std::unique_ptr<TlsLayer> layer(new TlsLayer(std::move(context), std::move(name), socket));
  layer->ssl_ = std::move(*ssl);
  BIO* const bio = BIO_new(Bio::method());
  if (bio == nullptr) return std::unexpected(take_tls_error());
  BIO_set_data(bio, layer.get());
  BIO_set_init(bio, 1);
  SSL_set_bio(layer->ssl_.get(), bio, bio);  // owns it
  SSL_set_app_data(layer->ssl_.get(), layer.get());
  return layer;
}

// Unless told that both sides have ended, OpenSSL takes the session for spoilt and never resumes it. HTTP's peers close
// as they like; after an error of TLS itself OpenSSL has dropped it already.
TlsLayer::~TlsLayer() { SSL_set_shutdown(ssl_.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN); }

LayerStep TlsLayer::step_of(int result) {
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ: return {.wants = LayerStep::Wants::readable};
    case SSL_ERROR_WANT_WRITE: return {.wants = LayerStep::Wants::writable};
    case SSL_ERROR_ZERO_RETURN: return {.error = asio::error::eof};
    default: break;
  }
  if (socket_error_) broken_ = socket_error_;
  else if (socket_ended_) broken_ = asio::error::connection_reset;
  else broken_ = take_tls_error();
  return {.error = broken_};
}

LayerStep TlsLayer::shake() {
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_.get());
  if (result == 1) return {};
  const LayerStep step = step_of(result);
  if (!step.error) return step;
  if (is_unverified(broken_)) broken_ = certificate_error(SSL_get_verify_result(ssl_.get()));
  else if (socket_ended_ && !socket_error_) broken_ = make_tls_error(TlsError::ended_in_handshake);
  return {.error = broken_};
}

Handshaken TlsLayer::handshaken() const {
  const unsigned char* protocol = nullptr;
  unsigned int protocol_bytes = 0;
  SSL_get0_alpn_selected(ssl_.get(), &protocol, &protocol_bytes);
  const char* const name = SSL_get_servername(ssl_.get(), TLSEXT_NAMETYPE_host_name);
  return {.resumed = SSL_session_reused(ssl_.get()) == 1,
          .version = SSL_get_version(ssl_.get()),
          .protocol = std::string(reinterpret_cast<const char*>(protocol), protocol_bytes),
          .server_name = name != nullptr ? name : ""};
}

// As many records as have arrived, as far as there is room.
LayerStep TlsLayer::read(std::span<char> room) {
  if (broken_) return {.error = broken_};
  std::size_t filled = 0;
  do {
    ERR_clear_error();
    std::size_t got = 0;
    const int result = SSL_read_ex(ssl_.get(), room.data() + filled, room.size() - filled, &got);
    if (result != 1) {
      const LayerStep step = step_of(result);  // an end or an error stays, for the next call
      return filled > 0 ? LayerStep{.bytes = filled} : step;
    }
    filled += got;
  } while (filled < room.size() && SSL_has_pending(ssl_.get()) == 1);
  return {.bytes = filled};
}

// Small parts go into one record. What goes in depends on the parts alone, so a call that is repeated repeats it.
LayerStep TlsLayer::write(std::span<const asio::const_buffer> parts) {
  if (broken_ || unwritable_) return {.error = broken_ ? broken_ : unwritable_};
  std::array<char, record_bytes> record;
  asio::const_buffer bytes = parts.front();
  if (parts.size() > 1 && bytes.size() < record.size()) {
    bytes = asio::buffer(record.data(), asio::buffer_copy(asio::buffer(record), parts));
  }
  ERR_clear_error();
  std::size_t taken = 0;
  const int result = SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &taken);
  return written(result, taken);
}

LayerStep TlsLayer::written(int result, std::size_t bytes) {
  if (result > 0) return {.bytes = bytes};
  const LayerStep step = step_of(result);
  if (step.error && step.error == socket_error_) {
    unwritable_ = std::exchange(socket_error_, {});
    broken_ = {};
  }
  return step;
}

LayerStep TlsLayer::end_sending() {
  if (broken_ || unwritable_) return {.error = broken_ ? broken_ : unwritable_};
  if (sending_ended_) return {};  // a second SSL_shutdown() would read
  ERR_clear_error();
  const int result = SSL_shutdown(ssl_.get());
  sending_ended_ = result >= 0;
  return written(sending_ended_ ? 1 : result, 0);
}

void TlsLayer::on_session(std::unique_ptr<ssl_session_st, SslDeleter> session) {
  context_->keep_session(name_, std::move(session));
}

}  // namespace stormproof::wire
