#include "tests/support/raw_tls.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>

#include <array>
#include <csignal>

#include "tests/support/waiting.h"

namespace stormproof::support {
namespace {

struct ContextDeleter {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using Context = std::unique_ptr<SSL_CTX, ContextDeleter>;

// OpenSSL's socket code knows no MSG_NOSIGNAL.
void no_broken_pipe_signal() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGPIPE);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

std::string reason() {
  const char* const text = ERR_reason_error_string(ERR_get_error());
  return text != nullptr ? text : "the socket ended";
}

std::shared_ptr<SSL> on_socket(SSL_CTX* context, int fd) {
  ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
  std::shared_ptr<SSL> ssl(SSL_new(context), SSL_free);
  SSL_set_fd(ssl.get(), fd);
  return ssl;
}

}  // namespace

// Calls until it succeeds, fails or five seconds have passed.
template <typename Call>
base::Result<int> RawTls::drive(std::string_view what, Call call) {
  const auto deadline = std::chrono::steady_clock::now() + RawConnection::default_deadline;
  while (true) {
    ERR_clear_error();
    const int result = call();
    if (result > 0) return result;
    const int error = SSL_get_error(ssl_.get(), result);
    if (error == SSL_ERROR_ZERO_RETURN) return 0;
    if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) {
      if (ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
        return base::fail(fmt::format("{}: the peer ended without close_notify", what));
      }
      return base::fail(fmt::format("{}: {}", what, reason()));
    }
    pollfd entry = {
        .fd = fd_, .events = static_cast<short>(error == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT), .revents = 0};
    if (::poll(&entry, 1, milliseconds_until(deadline)) == 0) {
      return base::fail(fmt::format("the deadline passed: {}", what));
    }
  }
}

base::Result<RawTls> RawTls::connect(RawConnection& connection, const ClientOptions& options) {
  no_broken_pipe_signal();
  const Context context(SSL_CTX_new(TLS_client_method()));
  if (options.at_most_1_2) SSL_CTX_set_max_proto_version(context.get(), TLS1_2_VERSION);
  if (!options.authority.empty()) {
    SSL_CTX_load_verify_file(context.get(), options.authority.c_str());
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  }
  if (!options.protocol.empty()) {
    const std::string offered = static_cast<char>(options.protocol.size()) + options.protocol;
    SSL_CTX_set_alpn_protos(context.get(), reinterpret_cast<const unsigned char*>(offered.data()),
                            static_cast<unsigned>(offered.size()));
  }
  RawTls made(on_socket(context.get(), connection.fd()), connection.fd());
  SSL* const ssl = made.ssl_.get();
  if (!options.name.empty()) {
    SSL_set_tlsext_host_name(ssl, options.name.c_str());
    if (!options.authority.empty()) SSL_set1_host(ssl, options.name.c_str());
  }
  if (options.session != nullptr) SSL_set_session(ssl, options.session.get());
  const auto done = made.drive("handshake", [ssl] { return SSL_connect(ssl); });
  if (!done) return std::unexpected(done.error());
  return made;
}

RawTls::Server RawTls::server(const Identity& identity) {
  Server made(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  SSL_CTX_use_certificate_chain_file(made.get(), identity.certificate.c_str());
  SSL_CTX_use_PrivateKey_file(made.get(), identity.key.c_str(), SSL_FILETYPE_PEM);
  return made;
}

base::Result<RawTls> RawTls::accept(RawConnection& connection, const Server& server) {
  no_broken_pipe_signal();
  RawTls made(on_socket(server.get(), connection.fd()), connection.fd());
  SSL* const ssl = made.ssl_.get();
  const auto done = made.drive("handshake", [ssl] { return SSL_accept(ssl); });
  if (!done) return std::unexpected(done.error());
  return made;
}

base::Result<void> RawTls::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = drive("sending", [&] {
      return SSL_write(ssl_.get(), bytes.data(), static_cast<int>(std::min<std::size_t>(bytes.size(), 1 << 20)));
    });
    if (!sent) return std::unexpected(sent.error());
    bytes.remove_prefix(static_cast<std::size_t>(*sent));
  }
  return {};
}

base::Result<std::size_t> RawTls::fill() {
  std::array<char, 65536> chunk;
  const auto got = drive("reading", [&] { return SSL_read(ssl_.get(), chunk.data(), static_cast<int>(chunk.size())); });
  if (!got) return std::unexpected(got.error());
  buffered_.append(chunk.data(), static_cast<std::size_t>(*got));
  return static_cast<std::size_t>(*got);
}

base::Result<std::string> RawTls::read(std::size_t count) {
  while (buffered_.size() < count) {
    const auto got = fill();
    if (!got) return std::unexpected(got.error());
    if (*got == 0) return base::fail(fmt::format("the peer ended after {} of {} bytes", buffered_.size(), count));
  }
  std::string bytes = buffered_.substr(0, count);
  buffered_.erase(0, count);
  return bytes;
}

base::Result<std::string> RawTls::read_until(std::string_view marker) {
  while (true) {
    const std::size_t at = buffered_.find(marker);
    if (at != std::string::npos) return read(at + marker.size());
    const auto got = fill();
    if (!got) return std::unexpected(got.error());
    if (*got == 0) return base::fail(fmt::format("the peer ended after {} bytes", buffered_.size()));
  }
}

base::Result<std::string> RawTls::read_to_end() {
  while (true) {
    const auto got = fill();
    if (!got) return std::unexpected(got.error());
    if (*got == 0) return std::exchange(buffered_, {});
  }
}

base::Result<void> RawTls::end_sending() {
  ERR_clear_error();
  if (SSL_shutdown(ssl_.get()) >= 0) return {};
  return base::fail("ending: " + reason());
}

bool RawTls::resumed() const { return SSL_session_reused(ssl_.get()) == 1; }

std::string RawTls::version() const { return SSL_get_version(ssl_.get()); }

std::string RawTls::protocol() const {
  const unsigned char* name = nullptr;
  unsigned int bytes = 0;
  SSL_get0_alpn_selected(ssl_.get(), &name, &bytes);
  return {reinterpret_cast<const char*>(name), bytes};
}

std::string RawTls::server_name() const {
  const char* const name = SSL_get_servername(ssl_.get(), TLSEXT_NAMETYPE_host_name);
  return name != nullptr ? name : "";
}

RawTls::Session RawTls::session() const { return {SSL_get1_session(ssl_.get()), SSL_SESSION_free}; }

}  // namespace stormproof::support
