// TlsContext: what the TLS connections of one side have in common: certificates, trust, protocols, sessions to resume.
//
// TLS 1.2 and 1.3. A server resumes sessions by ticket and from a bounded cache. A client verifies chain and name unless
// told otherwise, sends the name (SNI) where it is none of an IP address, and keeps the newest session of each name.
// Made at the start, shared by connections; files are read once. Any thread; only client handshakes share a lock.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "harness/base/error.h"
#include "harness/wire/net.h"

struct ssl_ctx_st;  // OpenSSL's own names for its types
struct ssl_st;
struct ssl_session_st;

namespace stormproof::wire {

struct TlsServerOptions {
  std::string certificate = {};                  // file, PEM: the server's own, then its chain
  std::string key = {};                          // file, PEM, without a passphrase
  std::string pem = {};                          // instead of both: certificate and key themselves
  std::vector<std::string> alpn = {"http/1.1"};  // in order of preference; a client that wants none of them is refused
  std::string key_log = {};                      // file that secrets are appended to, for Wireshark; "": none
};

struct TlsClientOptions {
  bool verify = true;        // the server's certificate: its chain and its name
  std::string ca_file = {};  // PEM, whom to trust; "": whom the system trusts
  std::vector<std::string> alpn = {"http/1.1"};
  std::string key_log = {};
};

struct SslDeleter {
  void operator()(ssl_ctx_st* context) const;
  void operator()(ssl_st* connection) const;
  void operator()(ssl_session_st* session) const;
};

class TlsContext {
 public:
  static constexpr std::size_t client_sessions_max = 64;  // names; the one least lately renewed goes
  static constexpr long server_sessions_max = 4096;       // in the cache; tickets need none
  static constexpr std::size_t alpn_bytes_max = 256;      // all names, each with its length

  // Errors name the file and the cause.
  static base::Result<std::shared_ptr<TlsContext>> server(const TlsServerOptions& options);
  static base::Result<std::shared_ptr<TlsContext>> client(const TlsClientOptions& options);
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;
  ~TlsContext();

  bool is_server() const { return is_server_; }

  // For TlsLayer: the state of one connection, ready for its handshake. `name`: the server's, as a client knows it.
  std::expected<std::unique_ptr<ssl_st, SslDeleter>, ErrorCode> start(const std::string& name);
  void keep_session(const std::string& name, std::unique_ptr<ssl_session_st, SslDeleter> session);

 private:
  class KeyLog;
  explicit TlsContext(bool is_server);
  base::Result<void> set_up(const std::vector<std::string>& alpn, const std::string& key_log);
  base::Result<void> load_identity(const TlsServerOptions& options);
  base::Result<void> load_pem(const std::string& pem);
  base::Result<void> load_trust(const std::string& ca_file);
  void resume(ssl_st* connection, const std::string& name);

  std::unique_ptr<ssl_ctx_st, SslDeleter> context_;
  bool is_server_;
  bool verify_ = false;
  std::string alpn_;  // as on the wire
  std::unique_ptr<KeyLog> key_log_;
  std::mutex mutex_;                                                                           // of sessions_
  std::vector<std::pair<std::string, std::unique_ptr<ssl_session_st, SslDeleter>>> sessions_;  // oldest first
};

// How an upstream is spoken to: no context, without TLS.
struct TlsPeer {
  std::shared_ptr<TlsContext> context = nullptr;
  std::string name = {};  // what its certificate must be for: a host name or an IP address
};

// Nothing for http://, a context of its own for https://.
base::Result<TlsPeer> tls_for(const Origin& origin, const TlsClientOptions& options = {});

}  // namespace stormproof::wire
