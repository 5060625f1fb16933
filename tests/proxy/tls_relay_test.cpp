// The relay with TLS on one side or both, between peers that speak it with OpenSSL's own code.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>

#include "tests/proxy/relay_run.h"
#include "tests/support/certificates.h"
#include "tests/support/raw_server.h"
#include "tests/support/raw_tls.h"
#include "tests/support/waiting.h"

namespace stormproof::proxy {
namespace {

using events::Outcome;
using support::RawConnection;
using support::RawServer;
using support::RawTls;
using testing::HasSubstr;
using testing::StartsWith;

constexpr std::string_view get = "GET /a HTTP/1.1\r\nHost: shop.test\r\n\r\n";
constexpr std::string_view ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
constexpr std::string_view old_get = "GET /a HTTP/1.0\r\n\r\n";
constexpr std::string_view until_end = "HTTP/1.0 200 OK\r\n\r\nall until the end";

class TlsRelay : public testing::Test {
 protected:
  // A server whose every connection of TLS is played by `play`.
  RawServer::Play tls_server(std::function<void(RawTls&, RawConnection&)> play) {
    return [server = raw_server_, play = std::move(play)](RawConnection& peer) {
      auto tls = RawTls::accept(peer, server);
      if (tls) play(*tls, peer);
    };
  }
  static void answer_gets(RawTls& tls, RawConnection&) {
    while (tls.read_until("\r\n\r\n") && tls.send(ok)) {
    }
  }

  // TLS on both sides.
  RelayRun::Tweak both_sides(const std::string& upstream_name = "shop.test") {
    return [this, upstream_name](RelayOptions& options) {
      options.tls = must(wire::TlsContext::server({.certificate = front_.certificate, .key = front_.key}));
      options.upstreams.front().tls = {must(wire::TlsContext::client({.ca_file = certificates_.authority()})),
                                       upstream_name};
    };
  }

  RawTls speak(RawConnection& connection, RawTls::ClientOptions options = {}) {
    options.authority = certificates_.authority();
    options.name = "front.test";
    auto tls = RawTls::connect(connection, options);
    if (tls) return std::move(*tls);
    ADD_FAILURE() << tls.error().message;
    std::abort();
  }

  support::Certificates certificates_;
  support::Identity front_ = certificates_.issue({"front.test"});
  RawTls::Server raw_server_ = RawTls::server(certificates_.issue({"shop.test"}));
};

TEST_F(TlsRelay, ManyExchangesOnOneConnectionOfEachSide) {
  RawServer upstream(tls_server(answer_gets));
  RelayRun run(upstream.port(), both_sides());
  RawConnection connection = run.connect();
  RawTls client = speak(connection, {.protocol = "http/1.1"});
  EXPECT_EQ(client.protocol(), "http/1.1");
  for (int i = 0; i < 5; ++i) {
    must(client.send(get));
    EXPECT_EQ(must(client.read(ok.size())), ok);
  }
  for (const auto& event : run.events.wait_for(5)) {
    EXPECT_EQ(event.outcome, Outcome::answered);
    EXPECT_EQ(event.request_bytes, get.size());
    EXPECT_EQ(event.response_bytes, ok.size());
  }
  EXPECT_EQ(upstream.accepted(), 1u);
  must(client.end_sending());
  EXPECT_EQ(must(client.read_to_end()), "") << "the relay's end is said";
  EXPECT_EQ(run.end().handshakes_failed, 0u);
}

TEST_F(TlsRelay, ClientsResumeTheirSessions) {
  RawServer upstream(tls_server(answer_gets));
  RelayRun run(upstream.port(), both_sides());
  RawTls::Session session;
  for (const bool resumes : {false, true}) {
    RawConnection connection = run.connect();
    RawTls client = speak(connection, {.session = session});
    must(client.send(get));
    EXPECT_EQ(must(client.read(ok.size())), ok);
    EXPECT_EQ(client.resumed(), resumes);
    session = client.session();
    must(client.end_sending());  // or OpenSSL would not resume it
  }
}

TEST_F(TlsRelay, LargeBodiesBothWays) {
  std::string bytes(8 << 20, ' ');
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 2654435761u >> 13);
  const std::string fields = "Content-Length: " + std::to_string(bytes.size()) + "\r\n\r\n";
  RawServer upstream(tls_server([&](RawTls& tls, RawConnection&) {
    must(tls.read_until("\r\n\r\n"));
    const std::string body = must(tls.read(bytes.size()));
    EXPECT_TRUE(body == bytes);
    must(tls.send("HTTP/1.1 200 OK\r\n" + fields + body));
  }));
  RelayRun run(upstream.port(), both_sides());
  RawConnection connection = run.connect();
  RawTls client = speak(connection);
  must(client.send("PUT / HTTP/1.1\r\nHost: x\r\n" + fields + bytes));
  must(client.read_until("\r\n\r\n"));
  EXPECT_TRUE(must(client.read(bytes.size())) == bytes);
  EXPECT_EQ(only_event(run).outcome, Outcome::answered);
}

TEST_F(TlsRelay, ABodyThatLastsUntilTheEndIsWholeOnlyWithThatEnd) {
  std::atomic<bool> cut = false;
  RawServer upstream(tls_server([&](RawTls& tls, RawConnection& peer) {
    must(tls.read_until("\r\n\r\n"));
    must(tls.send(until_end));
    if (cut) peer.end_sending();  // the socket's end alone
    else must(tls.end_sending());
    tls.read_to_end();
  }));
  RelayRun run(upstream.port(), both_sides());
  {
    RawConnection connection = run.connect();
    RawTls client = speak(connection);
    must(client.send(old_get));
    EXPECT_EQ(must(client.read_to_end()), until_end);
    EXPECT_EQ(run.events.wait_for(1).at(0).outcome, Outcome::answered);
  }
  cut = true;
  RawConnection connection = run.connect();
  RawTls client = speak(connection);
  must(client.send(old_get));
  EXPECT_FALSE(client.read_to_end()) << "what was cut must not look whole";
  EXPECT_EQ(run.events.wait_for(2).at(1).outcome, Outcome::reset);
}

TEST_F(TlsRelay, AResponseCutByItsLengthIsNoOrderlyEndEither) {
  RawServer upstream(tls_server([](RawTls& tls, RawConnection&) {
    must(tls.read_until("\r\n\r\n"));
    must(tls.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart"));
    must(tls.end_sending());
    tls.read_to_end();
  }));
  RelayRun run(upstream.port(), both_sides());
  RawConnection connection = run.connect();
  RawTls client = speak(connection);
  must(client.send(get));
  EXPECT_FALSE(client.read_to_end());
  EXPECT_EQ(only_event(run).outcome, Outcome::reset);
}

TEST_F(TlsRelay, AClientThatEndsItsSideStillGetsItsAnswer) {
  RawServer upstream(tls_server(answer_gets));
  RelayRun run(upstream.port(), both_sides());
  RawConnection connection = run.connect();
  RawTls client = speak(connection);
  must(client.send(get));
  must(client.end_sending());
  EXPECT_EQ(must(client.read_to_end()), ok);
}

TEST_F(TlsRelay, TunnelsEndOneSideAtATime) {
  const std::string upgrade = "GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n";
  const std::string switching = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n";
  RawServer upstream(tls_server([&](RawTls& tls, RawConnection&) {
    must(tls.read_until("\r\n\r\n"));
    must(tls.send(switching));
    const std::string said = must(tls.read_to_end());
    must(tls.send("you said " + said));
    must(tls.end_sending());
  }));
  RelayRun run(upstream.port(), both_sides());
  RawConnection connection = run.connect();
  RawTls client = speak(connection);
  must(client.send(upgrade));
  EXPECT_EQ(must(client.read(switching.size())), switching);
  must(client.send("hello"));
  must(client.end_sending());
  EXPECT_EQ(must(client.read_to_end()), "you said hello");
  EXPECT_EQ(only_event(run).outcome, Outcome::answered);
}

TEST_F(TlsRelay, ATunnelThatBreaksDoesNotEndInOrder) {
  const std::string upgrade = "GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n";
  const std::string switching = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n";
  RawServer upstream(tls_server([&](RawTls& tls, RawConnection& peer) {
    must(tls.read_until("\r\n\r\n"));
    must(tls.send(switching + "part of a"));
    peer.end_sending();
    EXPECT_FALSE(tls.read_to_end());
  }));
  RelayRun run(upstream.port(), both_sides());
  RawConnection connection = run.connect();
  RawTls client = speak(connection);
  must(client.send(upgrade));
  EXPECT_FALSE(client.read_to_end());
}

TEST_F(TlsRelay, AnUpstreamThatIsNotTrustedIsNotAskedAndTheAnswerSaysWhy) {
  std::atomic<int> asked = 0;
  RawServer upstream(tls_server([&](RawTls&, RawConnection&) { ++asked; }));
  for (const auto& [name, why] : {std::pair("other.test", "hostname mismatch"), std::pair("", "no name")}) {
    RelayRun run(upstream.port(), both_sides(name));
    RawConnection connection = run.connect();
    RawTls client = speak(connection);
    must(client.send(get));
    const std::string answer = must(client.read_to_end());
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 502 Bad Gateway\r\n"));
    EXPECT_THAT(answer, HasSubstr("there is no TLS with the upstream: "));
    EXPECT_THAT(answer, HasSubstr(why));
    EXPECT_EQ(only_event(run).outcome, Outcome::tls_failed);
    EXPECT_EQ(only_event(run).status, 502);
  }
  EXPECT_EQ(asked, 0);
}

TEST_F(TlsRelay, AnUpstreamThatSpeaksNoTls) {
  RawServer upstream([](RawConnection& peer) {
    peer.read(1);
    must(peer.send("HTTP/1.1 400 Bad Request\r\n\r\n"));
  });
  RelayRun run(upstream.port(), both_sides());
  RawConnection connection = run.connect();
  RawTls client = speak(connection);
  must(client.send(get));
  EXPECT_THAT(must(client.read_to_end()), StartsWith("HTTP/1.1 502 "));
  EXPECT_EQ(only_event(run).outcome, Outcome::tls_failed);
}

TEST_F(TlsRelay, ClientsWithoutAHandshakeAreCutAndCounted) {
  RawServer upstream(tls_server(answer_gets));
  RelayRun run(upstream.port(), [this](RelayOptions& options) {
    both_sides()(options);
    options.limits.client_head = std::chrono::milliseconds(60);
  });
  RawConnection silent = run.connect();
  EXPECT_TRUE(ends(silent)) << "no hello within the time for a head";
  RawConnection plain = run.connect();
  must(plain.send(get));
  EXPECT_TRUE(ends(plain));
  RawConnection stranger = run.connect();
  EXPECT_FALSE(RawTls::connect(stranger, {.protocol = "h2"}));
  EXPECT_TRUE(ends(stranger));
  EXPECT_TRUE(run.events.now().empty());
  EXPECT_EQ(run.end().handshakes_failed, 3u);
}

TEST_F(TlsRelay, DrainingEndsIdleOnesInOrderAndHandshakesAtOnce) {
  RawServer upstream(tls_server(answer_gets));
  RelayRun run(upstream.port(), [this](RelayOptions& options) {
    both_sides()(options);
    options.limits.drain = std::chrono::seconds(20);  // nothing is under way, so nobody waits for it
  });
  RawConnection connection = run.connect();
  RawTls client = speak(connection);
  must(client.send(get));
  EXPECT_EQ(must(client.read(ok.size())), ok);
  run.events.wait_for(1);
  RawConnection silent = run.connect();
  run.begin_drain();
  EXPECT_EQ(must(client.read_to_end()), "");
  EXPECT_TRUE(ends(silent));
  EXPECT_EQ(run.end().handshakes_failed, 0u);
}

TEST_F(TlsRelay, OneSideAlone) {
  RawServer upstream([](RawConnection& peer) {
    while (peer.read_until("\r\n\r\n") && peer.send(ok)) {
    }
  });
  RelayRun front(upstream.port(), [this](RelayOptions& options) {
    both_sides()(options);
    options.upstreams.front().tls = {};
  });
  RawConnection connection = front.connect();
  RawTls client = speak(connection);
  must(client.send(get));
  EXPECT_EQ(must(client.read(ok.size())), ok);

  RawServer tls_upstream(tls_server(answer_gets));
  RelayRun back(tls_upstream.port(), [this](RelayOptions& options) {
    both_sides()(options);
    options.tls = nullptr;
  });
  RawConnection plain = back.connect();
  EXPECT_EQ(ask(plain, get, ok.size()), ok);
}

}  // namespace
}  // namespace stormproof::proxy
