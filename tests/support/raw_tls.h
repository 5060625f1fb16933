// RawTls: TLS as a test's peer speaks it, on a RawConnection: OpenSSL's own socket code, none of the product's.
//
// Every call within the deadline. An end that TLS did not say is an error: "… without close_notify". The connection
// outlives it, and nothing may have been read from it.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/error.h"
#include "tests/support/certificates.h"
#include "tests/support/raw_connection.h"

struct ssl_ctx_st;
struct ssl_st;
struct ssl_session_st;

namespace stormproof::support {

class RawTls {
 public:
  using Session = std::shared_ptr<ssl_session_st>;

  struct ClientOptions {
    std::filesystem::path authority = {};  // "": anybody is trusted
    std::string name = {};                 // sent, and wanted in the certificate
    std::string protocol = {};             // offered by ALPN
    bool at_most_1_2 = false;
    Session session = nullptr;  // to resume
  };
  static base::Result<RawTls> connect(RawConnection& connection, const ClientOptions& options);

  // Connections of one server share its sessions.
  using Server = std::shared_ptr<ssl_ctx_st>;
  static Server server(const Identity& identity);
  static base::Result<RawTls> accept(RawConnection& connection, const Server& server);

  base::Result<void> send(std::string_view bytes);
  // Exactly `count` bytes.
  base::Result<std::string> read(std::size_t count);
  base::Result<std::string> read_until(std::string_view marker);
  // All until close_notify.
  base::Result<std::string> read_to_end();
  // close_notify, and no end of the socket.
  base::Result<void> end_sending();

  bool resumed() const;
  std::string version() const;
  std::string protocol() const;
  std::string server_name() const;
  // Good for another connection once something was read.
  Session session() const;

 private:
  RawTls(std::shared_ptr<ssl_st> ssl, int fd) : ssl_(std::move(ssl)), fd_(fd) {}
  template <typename Call>
  base::Result<int> drive(std::string_view what, Call call);
  base::Result<std::size_t> fill();

  std::shared_ptr<ssl_st> ssl_;
  int fd_;
  std::string buffered_;
};

}  // namespace stormproof::support
