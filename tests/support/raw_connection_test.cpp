#include "tests/support/raw_connection.h"

#include <gtest/gtest.h>

#include "tests/support/ports.h"
#include "tests/support/raw_server.h"

namespace stormproof::support {
namespace {

using std::chrono::milliseconds;

TEST(RawConnection, ReadsByCountByMarkerAndToTheEnd) {
  const RawServer server([](RawConnection& peer) { EXPECT_TRUE(peer.send("0123HEAD\r\n\r\nthe rest").has_value()); });
  auto client = RawConnection::connect(server.port());
  ASSERT_TRUE(client.has_value());
  EXPECT_EQ(client->read(4).value(), "0123");
  EXPECT_EQ(client->read_until("\r\n\r\n").value(), "HEAD\r\n\r\n");
  EXPECT_EQ(client->read_to_end().value(), "the rest");
  EXPECT_EQ(client->read_to_end().value(), "");
}

TEST(RawConnection, FindsAMarkerThatComesInPieces) {
  const RawServer server([](RawConnection& peer) {
    for (const auto piece : {"a\r", "\n\r", "\nb"}) {
      EXPECT_TRUE(peer.send(piece).has_value());
      EXPECT_EQ(peer.read(1).value(), ".");
    }
  });
  auto client = RawConnection::connect(server.port()).value();
  EXPECT_EQ(client.read(1).value(), "a");
  ASSERT_TRUE(client.send("..").has_value());
  EXPECT_EQ(client.read_until("\r\n\r\n").value(), "\r\n\r\n");
  ASSERT_TRUE(client.send(".").has_value());
  EXPECT_EQ(client.read_to_end().value(), "b");
}

TEST(RawConnection, CarriesAMegabyteBothWays) {
  const std::string big(1u << 20, 'x');
  const RawServer server([&](RawConnection& peer) {
    const auto got = peer.read(big.size());
    EXPECT_TRUE(got.has_value() && *got == big);
    EXPECT_TRUE(peer.send(*got).has_value());
  });
  auto client = RawConnection::connect(server.port()).value();
  ASSERT_TRUE(client.send(big).has_value());
  EXPECT_TRUE(client.read_to_end().value() == big);
}

TEST(RawConnection, SaysHowMuchCameBeforeTheEnd) {
  const RawServer server([](RawConnection& peer) { EXPECT_TRUE(peer.send("abc").has_value()); });
  auto client = RawConnection::connect(server.port()).value();
  EXPECT_EQ(client.read(10).error().message, "the peer closed after 3 of 10 bytes");
  EXPECT_EQ(client.read_until("\n").error().message, "the peer closed after 3 bytes, without the marker");
}

TEST(RawConnection, EveryReadHasADeadline) {
  const RawServer server([](RawConnection& peer) { EXPECT_EQ(peer.read_to_end().value(), ""); });
  auto client = RawConnection::connect(server.port()).value();
  EXPECT_EQ(client.read(1, milliseconds(5)).error().message, "the deadline passed while reading");
}

TEST(RawConnection, TellsAResetFromAnEnd) {
  const RawServer server([](RawConnection& peer) {
    EXPECT_EQ(peer.read(2).value(), "go");
    peer.reset();
  });
  auto client = RawConnection::connect(server.port()).value();
  ASSERT_TRUE(client.send("go").has_value());
  EXPECT_EQ(client.read_to_end().error().message, "the peer reset the connection");
}

TEST(RawConnection, ThePeerSeesTheEndOfSendingAndMayStillAnswer) {
  const RawServer server(
      [](RawConnection& peer) { EXPECT_TRUE(peer.send(peer.read_to_end().value() + "!").has_value()); });
  auto client = RawConnection::connect(server.port()).value();
  ASSERT_TRUE(client.send("hello").has_value());
  client.end_sending();
  EXPECT_EQ(client.read_to_end().value(), "hello!");
}

TEST(RawConnection, SaysWhereItCouldNotConnect) {
  const std::uint16_t port = free_port();
  EXPECT_EQ(RawConnection::connect(port).error().message,
            "cannot connect to 127.0.0.1:" + std::to_string(port) + ": Connection refused");
}

}  // namespace
}  // namespace stormproof::support
