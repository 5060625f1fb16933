#include "tests/support/http.h"

#include <gtest/gtest.h>

#include "tests/support/raw_server.h"

namespace stormproof::support {
namespace {

TEST(Http, ReadsStatusHeadersAndBody) {
  const RawServer server([](RawConnection& peer) {
    EXPECT_TRUE(peer.read_until("\r\n\r\n").has_value());
    EXPECT_TRUE(peer.send("HTTP/1.1 503 No\r\nContent-Type: text/plain\r\nX-Empty:\r\n\r\nbusy").has_value());
  });
  const auto answer = http(server.port(), "/").value();
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.body, "busy");
  EXPECT_EQ(answer.header("content-TYPE"), "text/plain");
  EXPECT_EQ(answer.header("X-Empty"), "");
  EXPECT_EQ(answer.header("X-None"), "");
}

TEST(Http, SendsWhatItWasTold) {
  const RawServer server([](RawConnection& peer) {
    const auto head = peer.read_until("\r\n\r\n").value();
    const auto body = peer.read(5).value();
    EXPECT_TRUE(peer.send("HTTP/1.1 200 OK\r\n\r\n" + head + body).has_value());
  });
  const auto answer =
      http(server.port(), "/orders?x=1", {.method = "POST", .headers = "X-A: b\r\n", .body = "hello"}).value();
  EXPECT_EQ(answer.body, "POST /orders?x=1 HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(server.port()) +
                             "\r\nConnection: close\r\nX-A: b\r\nContent-Length: 5\r\n\r\nhello");
}

TEST(Http, SaysWhenTheAnswerIsNone) {
  const RawServer torn([](RawConnection& peer) {
    EXPECT_TRUE(peer.read_until("\r\n\r\n").has_value());
    EXPECT_TRUE(peer.send("HTTP/1.1 200 OK\r\n").has_value());
  });
  EXPECT_EQ(http(torn.port(), "/").error().message, "17 bytes and no whole head came");
  const RawServer other([](RawConnection& peer) {
    EXPECT_TRUE(peer.read_until("\r\n\r\n").has_value());
    EXPECT_TRUE(peer.send("SSH-2.0-x\r\n\r\n").has_value());
  });
  EXPECT_EQ(http(other.port(), "/").error().message, "the answer is not HTTP: SSH-2.0-x");
}

}  // namespace
}  // namespace stormproof::support
