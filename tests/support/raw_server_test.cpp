#include "tests/support/raw_server.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "tests/support/ports.h"
#include "tests/support/waiting.h"

namespace stormproof::support {
namespace {

TEST(RawServer, PlaysEachConnectionOnItsOwn) {
  const RawServer server([](RawConnection& peer) {
    const auto line = peer.read_until("\n");
    if (line) EXPECT_TRUE(peer.send("you said " + *line).has_value());
  });
  std::vector<RawConnection> clients;
  for (int i = 0; i < 20; ++i) clients.push_back(RawConnection::connect(server.port()).value());
  for (std::size_t i = clients.size(); i-- > 0;) {
    ASSERT_TRUE(clients[i].send(std::to_string(i) + "\n").has_value());
    EXPECT_EQ(clients[i].read_to_end().value(), "you said " + std::to_string(i) + "\n");
  }
  EXPECT_EQ(server.accepted(), 20u);
}

TEST(RawServer, ClosesAConnectionWhenItsFunctionReturns) {
  const RawServer server([](RawConnection&) {});
  auto client = RawConnection::connect(server.port()).value();
  EXPECT_EQ(client.read_to_end().value(), "");
}

TEST(RawServer, TakesMoreConnectionsInItsLifeThanAtATime) {
  const RawServer server([](RawConnection&) {});
  for (std::size_t i = 0; i < RawServer::connections_max + 10; ++i) {
    auto client = RawConnection::connect(server.port());
    ASSERT_TRUE(client.has_value());
    ASSERT_EQ(client->read_to_end().value(), "");
  }
  EXPECT_EQ(server.accepted(), RawServer::connections_max + 10);
}

TEST(RawServer, ListensWhereItWasTold) {
  const std::uint16_t port = free_port();
  const RawServer server([](RawConnection&) {}, port);
  EXPECT_EQ(server.port(), port);
  EXPECT_TRUE(is_listening(port));
}

TEST(RawServer, AConnectionThatWasResetStaysReset) {
  const RawServer server([](RawConnection& peer) {
    EXPECT_TRUE(peer.read(1).has_value());
    peer.reset();
  });
  auto client = RawConnection::connect(server.port()).value();
  ASSERT_TRUE(client.send("x").has_value());
  EXPECT_EQ(client.read_to_end().error().message, "the peer reset the connection");
}

TEST(RawServer, ItsEndCutsWhatIsOpen) {
  std::atomic<bool> ended = false;
  auto server = std::make_unique<RawServer>([&](RawConnection& peer) {
    EXPECT_EQ(peer.read(1, std::chrono::hours(1)).error().message, "the peer closed after 0 of 1 bytes");
    ended.store(true);
  });
  auto client = RawConnection::connect(server->port()).value();
  ASSERT_TRUE(eventually(std::chrono::seconds(5), [&] { return server->accepted() == 1; }));
  const std::uint16_t port = server->port();
  server.reset();
  EXPECT_TRUE(ended.load());
  EXPECT_EQ(client.read_to_end().value(), "");
  EXPECT_FALSE(is_listening(port));
}

}  // namespace
}  // namespace stormproof::support
