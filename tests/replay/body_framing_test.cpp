#include "replay/body_framing.h"

#include <gtest/gtest.h>

#include <string>

namespace stormproof::replay {
namespace {

using Kind = BodyFraming::Kind;

TEST(BodyFramingTest, RequestsEndByTheirFieldsAndElseWithTheirHead) {
  EXPECT_EQ(request_framing("GET / HTTP/1.1\r\n\r\n").kind, Kind::none);
  EXPECT_EQ(request_framing("POST / HTTP/1.1\nCONTENT-length: 12\n\n"), (BodyFraming{Kind::length, 12}));
  EXPECT_EQ(request_framing("POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: gzip, Chunked\r\n\r\n").kind, Kind::chunked);
  for (const char* fields : {"Content-Length: 1\r\nContent-Length: 2\r\n", "Content-Length: -1\r\n", "Content-Length: \r\n",
                             "Content-Length: 99999999999999999999\r\n", "Transfer-Encoding: gzip\r\n"}) {
    EXPECT_EQ(request_framing(std::string("POST / HTTP/1.1\r\n") + fields + "\r\n").kind, Kind::unknown) << fields;
  }
}

TEST(BodyFramingTest, ResponsesThatHaveNoBodyHaveNoneWhateverTheirLength) {
  const std::string length = "Content-Length: 5\r\n\r\n";
  EXPECT_EQ(response_framing("HTTP/1.1 200 OK\r\n" + length, "HEAD").kind, Kind::none);
  for (const char* status : {"100 Continue", "204 No Content", "304 Not Modified"}) {
    EXPECT_EQ(response_framing("HTTP/1.1 " + std::string(status) + "\r\n" + length, "GET").kind, Kind::none) << status;
  }
  EXPECT_EQ(response_framing("HTTP/1.1 299 x\r\n" + length, "GET"), (BodyFraming{Kind::length, 5}));
  EXPECT_EQ(response_framing("HTTP/1.0 200 OK\r\n\r\n", "GET").kind, Kind::until_close);
  EXPECT_EQ(response_framing("HTTP/1.1 101 Switching Protocols\r\n\r\n", "GET").kind, Kind::until_close);
  EXPECT_EQ(response_framing("HTTP/1.1 200 OK\r\n\r\n", "CONNECT").kind, Kind::until_close);
}

TEST(BodyFramingTest, AChunkedBodyEndsBehindItsTrailersHoweverItsBytesCome) {
  const std::string body = "5;x=y\r\nhello\r\n3\nabc\n0\r\nTrailer: a\r\n\r\n";
  ChunkedWalk whole;
  ASSERT_EQ(whole.walk(body + "behind"), ChunkedWalk::State::complete);
  EXPECT_EQ(whole.length(), body.size());
  ChunkedWalk slow;
  for (std::size_t seen = 0; seen < body.size(); ++seen) {
    ASSERT_EQ(slow.walk(std::string_view(body).substr(0, seen)), ChunkedWalk::State::needs_more) << seen;
    ASSERT_GT(slow.length(), seen);
  }
  EXPECT_EQ(slow.walk(body), ChunkedWalk::State::complete);
  EXPECT_EQ(slow.length(), body.size());
}

TEST(BodyFramingTest, WhatIsNotChunkedIsMalformed) {
  for (const char* body : {"x\r\n", "5\r\nhelloX\r\n", "ffffffffffffffffff\r\n", "-1\r\n", "\r\n"}) {
    EXPECT_EQ(ChunkedWalk().walk(body), ChunkedWalk::State::malformed) << body;
  }
  EXPECT_EQ(ChunkedWalk().walk(std::string(ChunkedWalk::line_bytes_max + 1, '0')), ChunkedWalk::State::malformed);
}

}  // namespace
}  // namespace stormproof::replay
