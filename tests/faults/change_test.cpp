#include "faults/change.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stormproof::faults {
namespace {

TEST(Change, RefusesWhatWouldBreakTheMessage) {
  EXPECT_FALSE((Change{.headers = {{"Content-Length", "1"}}}).check().has_value());
  EXPECT_FALSE((Change{.headers = {{"A", "b\r\nC: d"}}}).check().has_value());
  EXPECT_FALSE((Change{.headers = {}, .without = {"Transfer-Encoding"}}).check().has_value());
  EXPECT_FALSE((RequestChange{.method = "CONNECT"}).check().has_value());
  EXPECT_FALSE((ResponseChange{.status = 304}).check().has_value());
  EXPECT_TRUE(
      (ResponseChange{.status = 200, .change = {.headers = {{"A", "b"}}, .without = {"C"}}}).check().has_value());
}

TEST(Change, WhatCannotBeDoneLeavesTheMessageAsItWas) {
  auto message =
      Message::of_response("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}", false);
  ASSERT_TRUE(message.has_value());
  const std::string before = message->text();
  const ResponseChange change{.status = 500,
                              .change = {.headers = {{"A", "b"}}, .without = {}, .body = {}, .merge = "{}"}};
  const auto done = change.apply(*message);
  ASSERT_FALSE(done.has_value());
  EXPECT_EQ(done.error().message, "the body is compressed");
  EXPECT_EQ(message->text(), before);
}

TEST(Change, ANewPathKeepsTheQueryUnlessItHasOne) {
  auto request = Message::of_request("GET /a?b=c HTTP/1.1\r\nHost: d\r\n\r\n");
  ASSERT_TRUE(request.has_value());
  ASSERT_TRUE((RequestChange{.method = {}, .path = "/x"}).apply(*request).has_value());
  EXPECT_EQ(request->start, "GET /x?b=c HTTP/1.1");
  ASSERT_TRUE((RequestChange{.method = "POST", .path = "/y?z"}).apply(*request).has_value());
  EXPECT_EQ(request->start, "POST /y?z HTTP/1.1");
}

}  // namespace
}  // namespace stormproof::faults
