#include "harness/wire/tls.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "harness/wire/tls_errors.h"
#include "harness/wire/tls_layer.h"

namespace stormproof::wire {
namespace {

// Its certificate may be for an address, and such a name is not sent. The zone of an IPv6 address is ours alone.
std::optional<asio::ip::address> address_in(const std::string& name) {
  ErrorCode code;
  asio::ip::address address = asio::ip::make_address(name, code);
  if (code) return std::nullopt;
  if (address.is_v6()) address = asio::ip::address_v6(address.to_v6().to_bytes());
  return address;
}

// OpenSSL would ask for a passphrase on the terminal.
int no_passphrase(char*, int, int, void*) { return -1; }

base::Result<void> readable(std::string_view what, const std::string& file) {
  const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return base::fail_errno(fmt::format("cannot read the {} {}", what, file), errno);
  ::close(fd);
  return {};
}

std::string reason() { return take_tls_error().message(); }

// The first of ours that the client offers.
int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_bytes, const unsigned char* offered,
                    unsigned int offered_bytes, void* ours) {
  const std::string& wanted = *static_cast<const std::string*>(ours);
  unsigned char* chosen = nullptr;
  const int found = SSL_select_next_proto(&chosen, out_bytes, reinterpret_cast<const unsigned char*>(wanted.data()),
                                          static_cast<unsigned int>(wanted.size()), offered, offered_bytes);
  *out = chosen;
  return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

int on_new_session(SSL* connection, SSL_SESSION* session) {
  static_cast<TlsLayer*>(SSL_get_app_data(connection))
      ->on_session(std::unique_ptr<ssl_session_st, SslDeleter>(session));
  return 1;  // ours now
}

}  // namespace

void SslDeleter::operator()(ssl_ctx_st* context) const { SSL_CTX_free(context); }
void SslDeleter::operator()(ssl_st* connection) const { SSL_free(connection); }
void SslDeleter::operator()(ssl_session_st* session) const { SSL_SESSION_free(session); }

// A line a secret, each in one write: several contexts may share the file.
class TlsContext::KeyLog {
 public:
  static base::Result<std::unique_ptr<KeyLog>> open(const std::string& file) {
    const int fd = ::open(file.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) return base::fail_errno("cannot write the key log " + file, errno);
    return std::make_unique<KeyLog>(fd);
  }
  explicit KeyLog(int fd) : fd_(fd) {}
  KeyLog(const KeyLog&) = delete;
  KeyLog& operator=(const KeyLog&) = delete;
  ~KeyLog() { ::close(fd_); }

  static void on_line(const SSL* connection, const char* line) {
    const auto* const context = static_cast<TlsContext*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(connection)));
    const std::string text = std::string(line) + "\n";
    // A debugging aid: where the disk is full the traffic goes on without it.
    static_cast<void>(!::write(context->key_log_->fd_, text.data(), text.size()));
  }

 private:
  int fd_;
};

TlsContext::TlsContext(bool is_server)
    : context_(SSL_CTX_new(is_server ? TLS_server_method() : TLS_client_method())), is_server_(is_server) {}

TlsContext::~TlsContext() = default;

base::Result<void> TlsContext::set_up(const std::vector<std::string>& alpn, const std::string& key_log) {
  if (context_ == nullptr) return base::fail("cannot set TLS up: " + reason());
  SSL_CTX* const context = context_.get();
  SSL_CTX_set_app_data(context, this);
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_mode(context,
                   SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_read_ahead(context, 1);
  for (const std::string& protocol : alpn) {
    if (protocol.empty() || alpn_.size() + 1 + protocol.size() > alpn_bytes_max) {
      return base::fail(fmt::format("'{}' cannot be named as a protocol (ALPN): empty or too long", protocol));
    }
    alpn_ += static_cast<char>(protocol.size());
    alpn_ += protocol;
  }
  if (!key_log.empty()) {
    auto log = KeyLog::open(key_log);
    if (!log) return std::unexpected(log.error());
    key_log_ = std::move(*log);
    SSL_CTX_set_keylog_callback(context, KeyLog::on_line);
  }
  return {};
}

base::Result<void> TlsContext::load_identity(const TlsServerOptions& options) {
  SSL_CTX* const context = context_.get();
  SSL_CTX_set_default_passwd_cb(context, no_passphrase);
  if (auto there = readable("certificate", options.certificate); !there) return there;
  if (auto there = readable("key", options.key); !there) return there;
  ERR_clear_error();
  if (SSL_CTX_use_certificate_chain_file(context, options.certificate.c_str()) != 1) {
    return base::fail(fmt::format("{} does not begin with a certificate in PEM: {}", options.certificate, reason()));
  }
  const bool used = SSL_CTX_use_PrivateKey_file(context, options.key.c_str(), SSL_FILETYPE_PEM) == 1;
  const bool other = ERR_GET_REASON(ERR_peek_error()) == X509_R_KEY_VALUES_MISMATCH ||
                     ERR_GET_REASON(ERR_peek_error()) == X509_R_KEY_TYPE_MISMATCH;
  if (!used && !other) {
    return base::fail(
        fmt::format("{} holds no private key in PEM that opens without a passphrase: {}", options.key, reason()));
  }
  if (!used || SSL_CTX_check_private_key(context) != 1) {
    ERR_clear_error();
    return base::fail(
        fmt::format("the key {} does not belong to the certificate {}", options.key, options.certificate));
  }
  return {};
}

base::Result<void> TlsContext::load_pem(const std::string& pem) {
  const auto length = static_cast<int>(pem.size());
  const std::unique_ptr<BIO, decltype(&BIO_free_all)> first(BIO_new_mem_buf(pem.data(), length), BIO_free_all);
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(
      PEM_read_bio_X509(first.get(), nullptr, no_passphrase, nullptr), X509_free);
  const std::unique_ptr<BIO, decltype(&BIO_free_all)> second(BIO_new_mem_buf(pem.data(), length), BIO_free_all);
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
      PEM_read_bio_PrivateKey(second.get(), nullptr, no_passphrase, nullptr), EVP_PKEY_free);
  if (certificate == nullptr || key == nullptr || SSL_CTX_use_certificate(context_.get(), certificate.get()) != 1 ||
      SSL_CTX_use_PrivateKey(context_.get(), key.get()) != 1)
    return base::fail("a certificate of our own cannot be used: " + reason());
  return {};
}

base::Result<void> TlsContext::load_trust(const std::string& ca_file) {
  SSL_CTX* const context = context_.get();
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  verify_ = true;
  ERR_clear_error();
  if (ca_file.empty()) {
    if (SSL_CTX_set_default_verify_paths(context) == 1) return {};
    return base::fail("cannot read the system's trusted certificates: " + reason());
  }
  if (auto there = readable("trusted certificates", ca_file); !there) return there;
  if (SSL_CTX_load_verify_file(context, ca_file.c_str()) == 1) return {};
  return base::fail(fmt::format("{} holds no certificate in PEM: {}", ca_file, reason()));
}

base::Result<std::shared_ptr<TlsContext>> TlsContext::server(const TlsServerOptions& options) {
  std::shared_ptr<TlsContext> made(new TlsContext(true));
  if (auto set = made->set_up(options.alpn, options.key_log); !set) return std::unexpected(set.error());
  if (auto loaded = options.pem.empty() ? made->load_identity(options) : made->load_pem(options.pem); !loaded)
    return std::unexpected(loaded.error());
  SSL_CTX* const context = made->context_.get();
  static constexpr std::array<unsigned char, 10> session_context = {'s', 't', 'o', 'r', 'm', 'p', 'r', 'o', 'o', 'f'};
  SSL_CTX_set_session_id_context(context, session_context.data(), session_context.size());
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_SERVER);
  SSL_CTX_sess_set_cache_size(context, server_sessions_max);
  if (!made->alpn_.empty()) SSL_CTX_set_alpn_select_cb(context, choose_protocol, &made->alpn_);
  return made;
}

base::Result<std::shared_ptr<TlsContext>> TlsContext::client(const TlsClientOptions& options) {
  std::shared_ptr<TlsContext> made(new TlsContext(false));
  if (auto set = made->set_up(options.alpn, options.key_log); !set) return std::unexpected(set.error());
  if (options.verify) {
    if (auto loaded = made->load_trust(options.ca_file); !loaded) return std::unexpected(loaded.error());
  }
  SSL_CTX* const context = made->context_.get();
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context, on_new_session);
  if (!made->alpn_.empty()) {
    SSL_CTX_set_alpn_protos(context, reinterpret_cast<const unsigned char*>(made->alpn_.data()),
                            static_cast<unsigned int>(made->alpn_.size()));
  }
  return made;
}

std::expected<std::unique_ptr<ssl_st, SslDeleter>, ErrorCode> TlsContext::start(const std::string& name) {
  ERR_clear_error();
  std::unique_ptr<ssl_st, SslDeleter> made(SSL_new(context_.get()));
  if (made == nullptr) return std::unexpected(take_tls_error());
  SSL* const connection = made.get();
  if (is_server_) {
    SSL_set_accept_state(connection);
    return made;
  }
  SSL_set_connect_state(connection);
  const std::string host = name.ends_with('.') ? name.substr(0, name.size() - 1) : name;
  if (host.empty() && verify_) return std::unexpected(make_tls_error(TlsError::no_name));
  const auto address = address_in(host);
  int right = 1;
  if (verify_ && address) {
    right = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(connection), address->to_string().c_str());
  } else if (verify_) {
    SSL_set_hostflags(connection, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    right = SSL_set1_host(connection, host.c_str());
  }
  if (right == 1 && !address && !host.empty()) {
    right = static_cast<int>(SSL_set_tlsext_host_name(connection, host.c_str()));
  }
  if (right != 1) return std::unexpected(take_tls_error());
  resume(connection, name);
  return made;
}

void TlsContext::resume(ssl_st* connection, const std::string& name) {
  const std::lock_guard lock(mutex_);
  for (const auto& [of, session] : sessions_) {
    if (of == name && SSL_SESSION_is_resumable(session.get()) == 1) SSL_set_session(connection, session.get());
  }
}

void TlsContext::keep_session(const std::string& name, std::unique_ptr<ssl_session_st, SslDeleter> session) {
  const std::lock_guard lock(mutex_);
  std::erase_if(sessions_, [&](const auto& kept) { return kept.first == name; });
  if (sessions_.size() >= client_sessions_max) sessions_.erase(sessions_.begin());
  sessions_.emplace_back(name, std::move(session));
}

base::Result<TlsPeer> tls_for(const Origin& origin, const TlsClientOptions& options) {
  if (origin.scheme != "https") return TlsPeer{};
  auto context = TlsContext::client(options);
  if (!context) return std::unexpected(context.error());
  return TlsPeer{std::move(*context), origin.host};
}

}  // namespace stormproof::wire
