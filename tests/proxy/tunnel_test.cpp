#include "harness/proxy/tunnel.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <string>
#include <thread>

#include "tests/proxy/relay_run.h"
#include "tests/support/raw_server.h"

namespace stormproof::proxy {
namespace {

using events::Outcome;
using support::RawConnection;
using support::RawServer;

constexpr std::string_view upgrade = "GET /chat HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
constexpr std::string_view switching =
    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
constexpr std::string_view connect = "CONNECT db:5432 HTTP/1.1\r\nHost: db:5432\r\n\r\n";
constexpr std::string_view established = "HTTP/1.1 200 Connection established\r\n\r\n";

// Sends every byte back, and its own end after the other's.
void echo(RawConnection& peer) {
  while (const auto byte = peer.read(1)) must(peer.send(*byte));
  must(peer.send("bye"));
}

TEST(Tunnel, UpgradeCarriesBytesBothWaysAndHalfCloses) {
  for (const auto& [request, answer] : {std::pair(upgrade, switching), std::pair(connect, established)}) {
    RawServer upstream([&](RawConnection& peer) {
      EXPECT_EQ(read_head(peer), request);
      must(peer.send(answer));
      echo(peer);
    });
    RelayRun run(upstream.port());
    RawConnection client = run.connect();
    EXPECT_EQ(ask(client, request, answer.size()), answer);
    const std::string_view nonsense("\x00\xff\r\n\r\nGET\x80", 10);
    EXPECT_EQ(ask(client, nonsense, nonsense.size()), nonsense);
    client.end_sending();
    EXPECT_EQ(must(client.read_to_end()), "bye");
    const auto event = run.events.wait_for(1)[0];
    EXPECT_EQ(event.outcome, Outcome::answered);
    EXPECT_EQ(event.status, answer == switching ? 101 : 200);
    EXPECT_EQ(event.request_bytes, request.size() + nonsense.size());
    EXPECT_EQ(event.response_bytes, answer.size() + nonsense.size() + 3);
  }
}

TEST(Tunnel, BytesThatComeWithTheHeadsAreNotLost) {
  RawServer upstream([](RawConnection& peer) {
    read_head(peer);
    must(peer.send(std::string(switching) + "server speaks first"));
    EXPECT_EQ(must(peer.read_to_end()), "client is early");
  });
  RelayRun run(upstream.port());
  RawConnection client = run.connect();
  must(client.send(std::string(upgrade) + "client is early"));
  EXPECT_EQ(must(client.read(switching.size() + 19)), std::string(switching) + "server speaks first");
  client.end_sending();
  EXPECT_EQ(must(client.read_to_end()), "");
}

TEST(Tunnel, UpstreamMayEndFirst) {
  std::promise<std::string> got;
  RawServer upstream([&](RawConnection& peer) {
    read_head(peer);
    must(peer.send(switching));
    peer.end_sending();
    got.set_value(must(peer.read_to_end()));
  });
  RelayRun run(upstream.port());
  RawConnection client = run.connect();
  EXPECT_EQ(ask(client, upgrade, switching.size()), switching);
  EXPECT_EQ(must(client.read_to_end()), "");
  must(client.send("still here"));
  client.end_sending();
  EXPECT_EQ(got.get_future().get(), "still here");
  run.events.wait_for(1);
}

TEST(Tunnel, AResetEndsBothSides) {
  RawServer upstream([](RawConnection& peer) {
    read_head(peer);
    must(peer.send(switching));
    peer.reset();
  });
  RelayRun run(upstream.port());
  RawConnection client = run.connect();
  must(client.send(upgrade));
  EXPECT_THAT(must(client.read_to_end()), testing::AnyOf(switching, ""));
  EXPECT_EQ(run.events.wait_for(1).size(), 1u);
}

TEST(Tunnel, LargeAmountsBothWaysAtOnce) {
  RawServer upstream([](RawConnection& peer) {
    read_head(peer);
    must(peer.send(switching));
    while (true) {
      const auto piece = peer.read(64 * 1024);
      if (!piece) return;
      must(peer.send(*piece));
    }
  });
  RelayRun run(upstream.port());
  RawConnection client = run.connect();
  EXPECT_EQ(ask(client, upgrade, switching.size()), switching);
  std::string bytes(16 << 20, ' ');
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 2654435761u >> 13);
  std::thread sender([&] { must(client.send(bytes)); });
  const std::string echoed = must(client.read(bytes.size()));
  sender.join();
  EXPECT_TRUE(echoed == bytes);
}

TEST(Tunnel, IdleOneIsCut) {
  RawServer upstream([](RawConnection& peer) {
    read_head(peer);
    must(peer.send(switching));
    EXPECT_EQ(must(peer.read_to_end()), "");
  });
  RelayRun run(upstream.port(), [](RelayOptions& options) {
    options.limits.tunnel_idle = std::chrono::milliseconds(60);
    options.limits.idle = std::chrono::milliseconds(1);  // not the one that counts here
  });
  RawConnection client = run.connect();
  EXPECT_EQ(ask(client, upgrade, switching.size()), switching);
  EXPECT_EQ(must(client.read_to_end()), "");
  const auto event = run.events.wait_for(1)[0];
  EXPECT_EQ(event.outcome, Outcome::idle_timeout);
  EXPECT_GE(event.end - event.first_byte, std::chrono::milliseconds(60));
}

TEST(Tunnel, RefusedUpgradeGoesOnAsHttp) {
  const std::string no = "HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0\r\n\r\n";
  RawServer upstream([&](RawConnection& peer) {
    while (peer.read_until("\r\n\r\n") && peer.send(no)) {
    }
  });
  RelayRun run(upstream.port());
  RawConnection client = run.connect();
  EXPECT_EQ(ask(client, upgrade, no.size()), no);
  EXPECT_EQ(ask(client, upgrade, no.size()), no);
  EXPECT_EQ(upstream.accepted(), 1u);
}

}  // namespace
}  // namespace stormproof::proxy
