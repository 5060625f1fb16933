#include "harness/wire/handshake.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "harness/wire/tls_errors.h"
#include "tests/support/raw_tls.h"
#include "tests/wire/tls_pair.h"

namespace stormproof::wire {
namespace {

using support::RawTls;
using testing::HasSubstr;

class HandshakeTest : public testing::Test {
 protected:
  // Why the client of `name` does not trust the server; "": it does.
  std::string distrust(const support::Identity& of, const std::string& name, TlsClientOptions options = {}) {
    TlsPair pair(run);
    pair.shake_hands(client_of(certificates, std::move(options)), server_of(of), name);
    if (pair.as_client) return "";
    EXPECT_EQ(pair.as_client.error().category(), tls_category());
    return pair.as_client.error().message();
  }

  IoRun run;
  support::Certificates certificates;
  support::Identity identity = certificates.issue({"shop.test", "*.wild.test", "127.0.0.1", "::1"});
};

TEST_F(HandshakeTest, BothSidesAgree) {
  TlsPair pair(run);
  ASSERT_TRUE(pair.shake_hands(client_of(certificates), server_of(identity), "shop.test"));
  for (const Handshaken& done : {*pair.as_client, *pair.as_server}) {
    EXPECT_EQ(done.version, "TLSv1.3");
    EXPECT_EQ(done.protocol, "http/1.1");
    EXPECT_EQ(done.server_name, "shop.test");
    EXPECT_FALSE(done.resumed);
  }
  EXPECT_TRUE(pair.client.layered());
  pair.pass(pair.client, pair.server, "hello");
  pair.pass(pair.server, pair.client, "and good day");
}

TEST_F(HandshakeTest, TheNameIsVerifiedAndSentUnlessItIsAnAddress) {
  for (const auto& [name, sent] : {std::pair("127.0.0.1", ""), std::pair("::1", ""), std::pair("::1%lo", ""),
                                   std::pair("a.wild.test", "a.wild.test"), std::pair("shop.test.", "shop.test")}) {
    TlsPair pair(run);
    ASSERT_TRUE(pair.shake_hands(client_of(certificates), server_of(identity), name)) << name;
    EXPECT_EQ(pair.as_server->server_name, sent) << name;
  }
}

TEST_F(HandshakeTest, WhatIsNotTheServersIsRefusedWithTheReason) {
  EXPECT_THAT(distrust(identity, "other.test"), HasSubstr("not accepted: hostname mismatch"));
  EXPECT_THAT(distrust(identity, "a.b.wild.test"), HasSubstr("hostname mismatch"));
  EXPECT_THAT(distrust(identity, "127.0.0.2"), HasSubstr("not accepted: IP address mismatch"));
  EXPECT_THAT(distrust(certificates.self_signed({"shop.test"}), "shop.test"), HasSubstr("self-signed certificate"));
  EXPECT_THAT(distrust(certificates.issue_expired({"shop.test"}), "shop.test"), HasSubstr("has expired"));
  support::Certificates strangers;
  EXPECT_THAT(distrust(strangers.issue({"shop.test"}), "shop.test"), HasSubstr("signature failure"));
  EXPECT_THAT(distrust(identity, ""), HasSubstr("no name"));
}

TEST_F(HandshakeTest, WithoutVerificationAnybodyIsTaken) {
  EXPECT_EQ(distrust(certificates.self_signed({"shop.test"}), "other.test", {.verify = false}), "");
  EXPECT_EQ(distrust(certificates.self_signed({"shop.test"}), "", {.verify = false}), "");
}

TEST_F(HandshakeTest, TheServerHearsOfARefusal) {
  TlsPair pair(run);
  // In TLS 1.3 it is done before the client is.
  const bool both = pair.shake_hands(client_of(certificates), server_of(identity), "other.test");
  EXPECT_FALSE(both);
  const ErrorCode told = pair.as_server ? pair.more(pair.server).error : pair.as_server.error();
  EXPECT_EQ(told.message(), "TLS: sslv3 alert bad certificate");
}

TEST_F(HandshakeTest, WithoutAProtocolInCommonThereIsNone) {
  TlsPair pair(run);
  EXPECT_FALSE(pair.shake_hands(client_of(certificates, {.alpn = {"h2"}}), server_of(identity), "shop.test"));
  EXPECT_THAT(pair.as_client.error().message(), HasSubstr("no application protocol"));
  EXPECT_EQ(pair.as_server.error().category(), tls_category());

  TlsPair silent(run);
  ASSERT_TRUE(silent.shake_hands(client_of(certificates, {.alpn = {}}), server_of(identity), "shop.test"));
  EXPECT_EQ(silent.as_server->protocol, "");

  TlsPair many(run);
  ASSERT_TRUE(many.shake_hands(client_of(certificates, {.alpn = {"h2", "http/1.1", "x"}}),
                               server_of(identity, {.alpn = {"x", "http/1.1"}}), "shop.test"));
  EXPECT_EQ(many.as_client->protocol, "x") << "the server's preference";
}

TEST_F(HandshakeTest, TheNextConnectionResumesTheSessionOfItsName) {
  const Context client = client_of(certificates);
  const Context server = server_of(identity);
  const auto resumed = [&](const std::string& name) {
    TlsPair pair(run);
    EXPECT_TRUE(pair.shake_hands(client, server, name));
    pair.pass(pair.server, pair.client, "with the tickets");
    EXPECT_EQ(pair.as_client->resumed, pair.as_server->resumed);
    return pair.as_client->resumed;  // ends without a word, as HTTP's peers do
  };
  EXPECT_FALSE(resumed("shop.test"));
  EXPECT_TRUE(resumed("shop.test"));
  EXPECT_TRUE(resumed("shop.test")) << "the newest session, each time";
  EXPECT_FALSE(resumed("127.0.0.1")) << "a session of another name is none";
  EXPECT_TRUE(resumed("127.0.0.1"));
  for (std::size_t i = 1; i < TlsContext::client_sessions_max; ++i) resumed(std::to_string(i) + ".wild.test");
  EXPECT_TRUE(resumed("127.0.0.1"));
  EXPECT_FALSE(resumed("shop.test")) << "the oldest had to go";
}

TEST_F(HandshakeTest, Tls12AndItsSessions) {
  const Context server = server_of(identity);
  RawTls::Session session;
  for (const bool resumes : {false, true}) {
    auto [socket, peer] = run.connect();
    Connection connection(std::move(socket));
    HandshakeResult result = std::unexpected(ErrorCode());
    std::thread client([&] {
      auto tls = RawTls::connect(peer, {.authority = certificates.authority(),
                                        .name = "shop.test",
                                        .protocol = "http/1.1",
                                        .at_most_1_2 = true,
                                        .session = session});
      ASSERT_TRUE(tls.has_value()) << tls.error().message;
      EXPECT_EQ(tls->version(), "TLSv1.2");
      EXPECT_EQ(tls->resumed(), resumes);
      session = tls->session();
      EXPECT_TRUE(tls->end_sending());
    });
    run.run(shake(connection, server, "", result));
    client.join();
    ASSERT_TRUE(result.has_value()) << result.error().message();
    EXPECT_EQ(result->version, "TLSv1.2");
    EXPECT_EQ(result->resumed, resumes);
    Arrival arrival;
    run.run(take_more(connection, arrival));
    EXPECT_TRUE(arrival.eof);
  }
}

TEST_F(HandshakeTest, CloseEndsIt) {
  auto [socket, peer] = run.connect();
  Connection connection(std::move(socket));
  HandshakeResult result = std::unexpected(ErrorCode());
  run.run([](Connection& c, Context context, HandshakeResult& r) -> base::Task<> {
    co_await base::both(shake(c, std::move(context), "shop.test", r), [](Connection& closing) -> base::Task<> {
      closing.close();
      co_return;
    }(c));
  }(connection, client_of(certificates), result));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error(), asio::error::operation_aborted);
  run.run(shake(connection, client_of(certificates), "shop.test", result));
  EXPECT_EQ(result.error(), asio::error::operation_aborted) << "closed before it begins";
}

TEST_F(HandshakeTest, APeerThatEndsResetsOrSpeaksNoTls) {
  const auto failure = [&](const Context& context, const std::function<void(support::RawConnection&)>& play) {
    auto [socket, peer] = run.connect();
    Connection connection(std::move(socket));
    HandshakeResult result = std::unexpected(ErrorCode());
    play(peer);
    run.run(shake(connection, context, "shop.test", result));
    EXPECT_FALSE(connection.layered());
    return result ? ErrorCode() : result.error();
  };
  for (const Context& context : {client_of(certificates), server_of(identity)}) {
    EXPECT_THAT(failure(context, [](auto& peer) { peer.end_sending(); }).message(), HasSubstr("within the TLS"));
    EXPECT_EQ(failure(context, [](auto& peer) { peer.reset(); }), asio::error::connection_reset);
    const ErrorCode plain =
        failure(context, [](auto& peer) { EXPECT_TRUE(peer.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")); });
    EXPECT_EQ(plain.category(), tls_category());
    EXPECT_THAT(plain.message(), testing::AnyOf("TLS: http request", "TLS: wrong version number"));
  }
}

}  // namespace
}  // namespace stormproof::wire
