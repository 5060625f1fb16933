#include "faults/message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stormproof::faults {
namespace {

TEST(Message, TakesAResponseApartAndPutsItTogether) {
  const auto message = Message::of_response(
      "HTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nA:  1 \r\nTransfer-Encoding: "
      "chunked\r\n\r\n3;e\r\nabc\r\n0\r\n\r\n",
      false);
  ASSERT_TRUE(message.has_value());
  EXPECT_EQ(message->status(), 200);
  EXPECT_EQ(message->body, "abc");
  EXPECT_EQ(*message->field("a"), "1");
  EXPECT_EQ(message->text(), "HTTP/1.1 200 OK\r\nA: 1\r\nContent-Length: 3\r\n\r\nabc");
}

TEST(Message, ABodilessResponseStaysOne) {
  const auto head = Message::of_response("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", true);
  ASSERT_TRUE(head.has_value());
  EXPECT_EQ(head->text(), "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n");
  const auto none = Message::of_response("HTTP/1.1 204 No Content\r\n\r\n", false);
  ASSERT_TRUE(none.has_value());
  EXPECT_EQ(none->text(), "HTTP/1.1 204 No Content\r\n\r\n");
}

TEST(Message, WhatIsNotWholeIsNone) {
  EXPECT_FALSE(Message::of_response("HTTP/1.1 200 OK\r\nA: 1\r\n", false).has_value());
  EXPECT_FALSE(Message::of_response("HTTP/1.1 103 Early\r\n\r\n", false).has_value());
  EXPECT_FALSE(
      Message::of_response("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nabc", false).has_value());
  EXPECT_FALSE(Message::of_request("").has_value());
}

TEST(Message, SetsAndRemovesByNameInAnyCase) {
  auto message = Message::of_request("GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\nx: 2\r\n\r\n");
  ASSERT_TRUE(message.has_value());
  message->set("HOST", "b");
  message->remove("X");
  message->set("New", "n");
  EXPECT_EQ(message->text(), "GET / HTTP/1.1\r\nHost: b\r\nNew: n\r\n\r\n");
}

}  // namespace
}  // namespace stormproof::faults
