#include "tests/subjects/shop/web.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>

#include "tests/support/ports.h"
#include "tests/support/waiting.h"

namespace stormproof::subjects {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using support::RawConnection;
using support::RawServer;

TEST(Web, ServesManyRequestsOnOneConnection) {
  const WebServer server(
      [] {
        return [visit = 0](const Message& request) mutable {
          return Reply{200, std::to_string(++visit) + request.word(1) + "|" + request.body};
        };
      },
      0);
  auto peer = RawConnection::connect(server.port()).value();
  ASSERT_TRUE(peer.send("GET /a HTTP/1.1\r\n\r\nPOST /b HTTP/1.1\r\ncontent-length: 5\r\n\r\nhelloHEAD /c "
                        "HTTP/1.1\r\nConnection: close\r\n\r\n")
                  .has_value());
  EXPECT_EQ(receive(peer, seconds(5)).value().body, "1/a|");
  EXPECT_EQ(receive(peer, seconds(5)).value().body, "2/b|hello");
  EXPECT_EQ(peer.read_to_end().value(),
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 4\r\nConnection: close\r\n\r\n");
}

TEST(Web, ClosesOnWhatItDoesNotTake) {
  const WebServer server([] { return [](const Message&) { return Reply{200, "never"}; }; }, 0);
  for (const auto text :
       {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", "POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: 1x\r\n\r\n"}) {
    auto peer = RawConnection::connect(server.port()).value();
    ASSERT_TRUE(peer.send(text).has_value());
    EXPECT_EQ(peer.read_to_end().value(), "") << text;
  }
}

TEST(Web, TheClientKeepsItsConnection) {
  const WebServer server([] { return [](const Message&) { return Reply{200, "ok"}; }; }, 0);
  WebClient client(server.port(), seconds(5));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(client.call("GET", "/").value().body, "ok");
  EXPECT_EQ(server.accepted(), 1u);
}

TEST(Web, TheClientLeavesAConnectionThatSaysClose) {
  const RawServer server([](RawConnection& peer) {
    EXPECT_TRUE(peer.read_until("\r\n\r\n").has_value());
    EXPECT_TRUE(peer.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok").has_value());
  });
  WebClient client(server.port(), seconds(5));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(client.call("GET", "/").value().body, "ok");
  EXPECT_EQ(server.accepted(), 3u);
}

TEST(Web, TheClientReplacesAConnectionThatThePeerEndedWhileItWasIdle) {
  std::atomic<int> ended = 0;
  const RawServer server([&](RawConnection& peer) {
    EXPECT_TRUE(peer.read_until("\r\n\r\n").has_value());
    EXPECT_TRUE(peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").has_value());
    peer.end_sending();
    ++ended;
    EXPECT_EQ(peer.read_to_end().value_or("reset"), "") << "nothing more is sent on it";
  });
  WebClient client(server.port(), seconds(5));
  for (int i = 1; i <= 3; ++i) {
    EXPECT_EQ(client.call("GET", "/").value().body, "ok");
    ASSERT_TRUE(support::eventually(seconds(5), [&] { return ended == i; }));
  }
  EXPECT_EQ(server.accepted(), 3u);
}

TEST(Web, ACallEndsWhenItsTimeHasPassed) {
  const RawServer silent([](RawConnection& peer) { EXPECT_FALSE(peer.read(1'000'000, seconds(5)).has_value()); });
  WebClient client(silent.port(), milliseconds(20));
  EXPECT_EQ(client.call("GET", "/").error().message, "the deadline passed while reading");
  WebClient nobody(support::free_port(), milliseconds(20));
  EXPECT_FALSE(nobody.call("GET", "/").has_value());
}

}  // namespace
}  // namespace stormproof::subjects
