// TlsPair: a client and a server, both ours, on one loop. And what their tests do with connections.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "harness/base/both.h"
#include "harness/wire/handshake.h"
#include "tests/support/certificates.h"
#include "tests/wire/io_run.h"

namespace stormproof::wire {

using HandshakeResult = std::expected<Handshaken, ErrorCode>;
using Context = std::shared_ptr<TlsContext>;

inline Context must_have(base::Result<Context> context) {
  if (context) return std::move(*context);
  ADD_FAILURE() << context.error().to_string();
  return nullptr;
}

inline Context server_of(const support::Identity& identity, TlsServerOptions options = {}) {
  options.certificate = identity.certificate.string();
  options.key = identity.key.string();
  return must_have(TlsContext::server(options));
}

inline Context client_of(const support::Certificates& certificates, TlsClientOptions options = {}) {
  options.ca_file = certificates.authority().string();
  return must_have(TlsContext::client(options));
}

inline base::Task<> shake(Connection& connection, Context context, std::string name, HandshakeResult& result) {
  result = co_await handshake(connection, std::move(context), std::move(name));
  if (!result && connection.open()) co_await connection.end_sending();  // the other side need not wait
}
inline base::Task<> settle(Connection& connection) { co_await connection.settled(); }
inline base::Task<> take_more(Connection& connection, Arrival& arrival) { arrival = co_await connection.more(); }
inline base::Task<> put(Connection& connection, std::string_view bytes, ErrorCode& error) {
  error = co_await connection.write(bytes);
}
inline base::Task<> end(Connection& connection, ErrorCode& error) { error = co_await connection.end_sending(); }

class TlsPair {
 public:
  explicit TlsPair(IoRun& run) : TlsPair(run, sockets(run)) {}
  ~TlsPair() {
    for (Connection* const each : {&client, &server}) {
      each->close();
      run_.run(settle(*each));
    }
  }

  // Shakes hands; true: both sides are content.
  bool shake_hands(const Context& client_context, const Context& server_context, const std::string& name) {
    run_.run([](TlsPair& pair, Context c, Context s, std::string n) -> base::Task<> {
      co_await base::both(shake(pair.client, c, n, pair.as_client), shake(pair.server, s, "", pair.as_server));
    }(*this, client_context, server_context, name));
    return as_client && as_server;
  }

  Arrival more(Connection& connection) {
    Arrival arrival;
    run_.run(take_more(connection, arrival));
    return arrival;
  }
  ErrorCode write(Connection& connection, std::string_view bytes) {
    ErrorCode error;
    run_.run(put(connection, bytes, error));
    return error;
  }
  // One message from the one to the other; a client has its session's tickets when it has read one.
  void pass(Connection& from, Connection& to, std::string_view message) {
    EXPECT_FALSE(write(from, message));
    while (to.unread().size() < message.size()) ASSERT_GT(more(to).bytes, 0u);
    EXPECT_EQ(to.unread(), message);
    to.consume(message.size());
  }

 private:
  static std::pair<Socket, Socket> sockets(IoRun& run) {
    Acceptor acceptor(run.io, Endpoint(asio::ip::address_v4::loopback(), 0));
    asio::ip::tcp::socket near(run.io);
    near.connect(acceptor.local_endpoint());
    near.non_blocking(true);
    return {Socket(run.io, near.release()), run.accept(acceptor)};
  }
  TlsPair(IoRun& run, std::pair<Socket, Socket> pair)
      : client(std::move(pair.first)), server(std::move(pair.second)), run_(run) {}

 public:
  Connection client;
  Connection server;
  HandshakeResult as_client = std::unexpected(ErrorCode());
  HandshakeResult as_server = std::unexpected(ErrorCode());

 private:
  IoRun& run_;
};

}  // namespace stormproof::wire
