#include "tests/support/raw_tls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "tests/support/raw_server.h"

namespace stormproof::support {
namespace {

// Echoes until the client says its end, then says its own.
RawServer::Play echo(const Identity& identity, bool say_the_end = true) {
  return [server = RawTls::server(identity), say_the_end](RawConnection& connection) {
    auto tls = RawTls::accept(connection, server);
    if (!tls) return;
    while (const auto byte = tls->read(1)) {
      if (!tls->send(*byte)) return;
    }
    if (say_the_end && tls->send("bye")) EXPECT_TRUE(tls->end_sending());
  };
}

TEST(RawTls, BytesBothWaysAndTheEndOfOneSide) {
  Certificates certificates;
  RawServer server(echo(certificates.issue({"shop.test"})));
  auto connection = RawConnection::connect(server.port());
  ASSERT_TRUE(connection);
  auto client = RawTls::connect(*connection, {.authority = certificates.authority(), .name = "shop.test"});
  ASSERT_TRUE(client.has_value()) << client.error().message;
  EXPECT_EQ(client->version(), "TLSv1.3");
  EXPECT_FALSE(client->resumed());
  ASSERT_TRUE(client->send("hello\n"));
  EXPECT_EQ(client->read_until("\n").value_or(""), "hello\n");
  ASSERT_TRUE(client->end_sending());
  EXPECT_EQ(client->read_to_end().value_or(""), "bye");

  auto again = RawConnection::connect(server.port());
  ASSERT_TRUE(again);
  auto resumed = RawTls::connect(*again, {.name = "shop.test", .session = client->session()});
  ASSERT_TRUE(resumed.has_value()) << resumed.error().message;
  EXPECT_TRUE(resumed->resumed());
}

TEST(RawTls, AnEndThatWasNotSaidAndAStrangerAreErrors) {
  Certificates certificates;
  RawServer server(echo(certificates.issue({"shop.test"}), false));
  auto connection = RawConnection::connect(server.port());
  ASSERT_TRUE(connection);
  auto client = RawTls::connect(*connection, {});
  ASSERT_TRUE(client.has_value()) << client.error().message;
  ASSERT_TRUE(client->end_sending());
  EXPECT_THAT(client->read_to_end().error().message, testing::HasSubstr("without close_notify"));

  auto other = RawConnection::connect(server.port());
  ASSERT_TRUE(other);
  EXPECT_THAT(RawTls::connect(*other, {.authority = certificates.authority(), .name = "other.test"}).error().message,
              testing::HasSubstr("certificate verify failed"));
}

}  // namespace
}  // namespace stormproof::support
