#include "replay/exchange.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace stormproof::replay {
namespace {

TEST(Exchange, ReadsARequestLine) {
  const std::string_view head = "POST /a/b?c=d HTTP/1.1\r\nHost: x\r\n\r\n";
  EXPECT_EQ(method_of(head), "POST");
  EXPECT_EQ(target_of(head), "/a/b?c=d");
  EXPECT_EQ(version_of(head), "HTTP/1.1");
  EXPECT_EQ(status_of(head), 0);
}

TEST(Exchange, ReadsLinesThatEndInLineFeedAlone) {
  const std::string_view head = "GET / HTTP/1.0\nA: 1\nB:2 \n\n";
  EXPECT_EQ(version_of(head), "HTTP/1.0");
  EXPECT_EQ(header(head, "a"), "1");
  EXPECT_EQ(header(head, "b"), "2");
  EXPECT_EQ(head_length(head), head.size());
}

TEST(Exchange, TakesWhatIsNoRequestLineAsEmpty) {
  for (const std::string_view head :
       {"", "GET", "GET /", "GET  HTTP/1.1", "G@T / HTTP/1.1", " / HTTP/1.1", "GET / HTTP/11", "\r\nGET / HTTP/1.1"}) {
    EXPECT_EQ(method_of(head), "") << head;
    EXPECT_EQ(target_of(head), "") << head;
    EXPECT_EQ(version_of(head), "") << head;
  }
}

TEST(Exchange, ReadsAStatusLine) {
  EXPECT_EQ(status_of("HTTP/1.1 204 No Content\r\n\r\n"), 204);
  EXPECT_EQ(status_of("HTTP/1.0 299\r\n\r\n"), 299);
  EXPECT_EQ(version_of("HTTP/1.0 200 OK\r\n\r\n"), "HTTP/1.0");
  for (const std::string_view head :
       {"HTTP/1.1 20\r\n", "HTTP/1.1 2000 X\r\n", "HTTP/1.1 abc\r\n", "HTTP/1.1 099 X\r\n", "ICY 200 OK\r\n"}) {
    EXPECT_EQ(status_of(head), 0) << head;
  }
}

TEST(Exchange, FindsFieldsWhateverTheirCase) {
  const std::string_view head = "GET / HTTP/1.1\r\nSet-Cookie: a=1\r\nX: \t y z \t\r\nset-cookie:b=2\r\nEmpty:\r\n\r\n";
  EXPECT_EQ(header(head, "SET-COOKIE"), "a=1");
  EXPECT_EQ(headers(head, "set-cookie"), (std::vector<std::string_view>{"a=1", "b=2"}));
  EXPECT_EQ(header(head, "x"), "y z");
  EXPECT_EQ(header(head, "empty"), "");
  EXPECT_EQ(header(head, "cookie"), std::nullopt);
  EXPECT_EQ(header(head, "GET / HTTP/1.1"), std::nullopt);
}

TEST(Exchange, AHeadEndsWithItsEmptyLine) {
  EXPECT_EQ(head_length("A\r\n\r\nbody\n\n"), 5U);
  EXPECT_EQ(head_length("A\n\r\nx"), 4U);
  EXPECT_EQ(head_length("A\r\n\nx"), 4U);
  EXPECT_EQ(head_length("A\r\nB\r\n"), std::string_view::npos);
  EXPECT_EQ(head_length(""), std::string_view::npos);
}

TEST(Exchange, PathsLeaveQueryAndAuthorityOut) {
  EXPECT_EQ(path_of("/a/b?c#d"), "/a/b");
  EXPECT_EQ(path_of("http://host:1/a?b"), "/a");
  EXPECT_EQ(path_of("http://host?next=/x"), "/");
  EXPECT_EQ(path_of("/go?to=http://x/y"), "/go");
  EXPECT_EQ(path_of("*"), "*");
  EXPECT_EQ(path_of(""), "");
}

TEST(Exchange, OnlyFourMethodsDoNotWrite) {
  for (const auto* method : {"GET", "HEAD", "OPTIONS", "TRACE"}) EXPECT_FALSE(method_writes(method)) << method;
  for (const auto* method : {"POST", "PUT", "PATCH", "DELETE", "CONNECT", "PURGE", "get", ""})
    EXPECT_TRUE(method_writes(method)) << method;
}

TEST(Exchange, EveryEndingHasItsOwnName) {
  std::vector<std::string_view> names;
  for (int i = 0; i <= static_cast<int>(ending_last); ++i) {
    const auto name = to_string(static_cast<Ending>(i));
    EXPECT_EQ(std::ranges::find(names, name), names.end());
    EXPECT_NE(name, "unknown");
    names.push_back(name);
  }
}

}  // namespace
}  // namespace stormproof::replay
