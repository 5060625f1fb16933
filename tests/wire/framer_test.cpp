#include "harness/wire/framer.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace stormproof::wire {
namespace {

// What a framer makes of bytes that come in pieces; a head is fed again, as the contract has it, until it is whole.
struct Result {
  std::size_t message_bytes = 0;
  bool head = false;
  bool done = false;
  bool error = false;
  bool operator==(const Result&) const = default;
};

Result frame(Framer& framer, std::string_view bytes, std::size_t piece, bool no_body = false) {
  framer.begin(no_body);
  Result result;
  std::size_t consumed = 0;
  for (std::size_t arrived = std::min(piece, bytes.size());; arrived = std::min(arrived + piece, bytes.size())) {
    while (!framer.done()) {
      const Step step = framer.feed(bytes.substr(consumed, arrived - consumed));
      consumed += step.consumed;
      result.message_bytes += step.consumed;
      if (step.progress == Progress::head) result.head = true;
      if (step.progress == Progress::error) {
        result.error = true;
        return result;
      }
      if (step.consumed == 0) break;
    }
    if (framer.done() || arrived == bytes.size()) break;
  }
  result.done = framer.done();
  return result;
}

TEST(Framer, TellsWhatARelayMustKnowOfARequest) {
  Framer framer(MessageKind::request);
  const std::string_view bytes =
      "PUT /a?b HTTP/1.1\r\nHost: x\r\nExpect: 100-Continue\r\nContent-Length: 3\r\nConnection: keep-alive, Upgrade\r\n"
      "Upgrade: h2c\r\ntraceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n\r\nabcGET";
  const Step head = framer.feed(bytes);
  EXPECT_EQ(head.progress, Progress::head);
  EXPECT_EQ(head.consumed, bytes.size() - 6);
  EXPECT_TRUE(framer.started() && framer.head_done() && !framer.done());
  EXPECT_EQ(framer.head().bytes, bytes.substr(0, head.consumed));
  EXPECT_EQ(framer.head().method, "PUT");
  EXPECT_EQ(framer.head().target, "/a?b");
  EXPECT_EQ(framer.head().trace.bytes[1], 0xf7);
  EXPECT_TRUE(framer.head().keep_alive && framer.head().upgrade && framer.head().expects_continue &&
              framer.head().has_body);
  EXPECT_FALSE(framer.head().until_eof || framer.head().ambiguous);
  EXPECT_EQ(framer.head().content_length, 3u);
  const Step body = framer.feed(bytes.substr(head.consumed));
  EXPECT_EQ(body.progress, Progress::done);
  EXPECT_EQ(body.consumed, 3u);
  EXPECT_TRUE(framer.done());
  EXPECT_EQ(framer.feed("GET").progress, Progress::done);
}

TEST(Framer, TellsWhatARelayMustKnowOfAResponse) {
  Framer framer(MessageKind::response);
  EXPECT_EQ(framer.feed("HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n").progress, Progress::head);
  EXPECT_EQ(framer.head().status, 404);
  EXPECT_TRUE(framer.head().until_eof && framer.head().has_body && !framer.head().keep_alive);
  EXPECT_EQ(framer.feed("abc").consumed, 3u);
  EXPECT_FALSE(framer.done());
  EXPECT_TRUE(framer.finish_at_eof());
  EXPECT_TRUE(framer.done());
}

TEST(Framer, TheEndOfTheConnectionEndsNothingElse) {
  for (const std::string_view part : {"", "HTTP/1.1 2", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na",
                                      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n"}) {
    Framer framer(MessageKind::response);
    frame(framer, part, part.size() + 1);
    EXPECT_FALSE(framer.finish_at_eof()) << part;
  }
}

struct Case {
  std::string_view bytes;
  Result whole;
  bool response = false;
  bool no_body = false;
};

TEST(Framer, AMessageIsTheSameHoweverItIsCut) {
  for (const Case& c : {
           Case{"GET / HTTP/1.1\r\n\r\n", {18, true, true, false}},
           Case{"GET / HTTP/1.1\r\nA: b\r\n\r\nGET", {24, true, true, false}},
           Case{"\r\n\r\nGET / HTTP/1.1\r\n\r\n", {22, true, true, false}},
           Case{"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhelloX", {43, true, true, false}},
           Case{"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhell", {42, true, false, false}},
           Case{"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3;a\r\nabc\r\n0\r\nT: u\r\n\r\nX",
                {68, true, true, false}},
           Case{"HTTP/1.1 200\r\nContent-Length: 1\r\n\r\nxy", {36, true, true, false}, true},
           Case{"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nxy", {38, true, true, false}, true, true},
           Case{"HTTP/1.1 204 No\r\nContent-Length: 9\r\n\r\nxy", {38, true, true, false}, true},
           Case{"HTTP/1.1 100 Continue\r\n\r\nHTTP", {25, true, true, false}, true},
           Case{"HTTP/1.1 200 OK\r\n\r\nall of it", {28, true, false, false}, true},
       }) {
    Framer framer(c.response ? MessageKind::response : MessageKind::request);
    for (std::size_t piece = 1; piece <= c.bytes.size(); ++piece) {
      EXPECT_EQ(frame(framer, c.bytes, piece, c.no_body), c.whole)
          << c.bytes << "\nin pieces of " << piece << ": " << framer.error();
    }
  }
}

TEST(Framer, WhatIsNotHttpIsRefusedAtItsFirstSign) {
  Framer request(MessageKind::request);
  for (const std::string_view bytes : {"\x16", " ", "\n", "\rG", "GET / HTTP/1.1\n", "GET / HTTP/1.1\r\nA: b\n"}) {
    request.begin();
    EXPECT_EQ(request.feed(bytes).progress, Progress::error) << bytes;
    EXPECT_NE(request.error(), "");
  }
  Framer response(MessageKind::response);
  for (const std::string_view bytes : {"S", "HTTP/2", "HTP", "\n", "HTTP/1.1 200 OK\n"}) {
    response.begin();
    EXPECT_EQ(response.feed(bytes).progress, Progress::error) << bytes;
  }
}

TEST(Framer, HeadsHaveALimit) {
  Framer framer(MessageKind::request);
  const std::string begin = "GET / HTTP/1.1\r\nA: ";
  const std::string longest = begin + std::string(Framer::head_bytes_max - begin.size() - 4, 'a') + "\r\n\r\n";
  EXPECT_EQ(framer.feed(longest).progress, Progress::head);
  const std::string longer = begin + std::string(Framer::head_bytes_max - begin.size() - 3, 'a') + "\r\n\r\n";
  for (const std::size_t arrived : {longer.size(), longer.size() + 100, std::size_t{Framer::head_bytes_max}}) {
    framer.begin();
    EXPECT_EQ(framer.feed((longer + std::string(100, 'x')).substr(0, arrived)).progress, Progress::error);
    EXPECT_TRUE(framer.head_too_large());
  }
  framer.begin();
  EXPECT_EQ(framer.feed(longer.substr(0, Framer::head_bytes_max - 1)).progress, Progress::need_more);
}

TEST(Framer, RandomBytesNeverHurt) {
  std::mt19937 dice(7);
  const std::string_view alphabet = "GET /HTP1.\r\n:;,ab0 \tcontent-length: 5transfer-encoding: chunked\x00\xff";
  for (int round = 0; round < 3000; ++round) {
    std::string bytes = dice() % 2 == 0 ? "GET / HTTP/1.1\r\nContent-Length: 4\r\n\r\n"
                                        : "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n0\r\n\r\n";
    for (unsigned i = dice() % 5; i > 0; --i) bytes[dice() % bytes.size()] = alphabet[dice() % alphabet.size()];
    for (const MessageKind kind : {MessageKind::request, MessageKind::response}) {
      Framer framer(kind);
      const Result whole = frame(framer, bytes, bytes.size());
      EXPECT_LE(whole.message_bytes, bytes.size());
      EXPECT_EQ(whole.error, !framer.error().empty());
      // However it is cut, what is accepted is accepted at the same length.
      const Result cut = frame(framer, bytes, 1 + dice() % 7);
      if (whole.done && cut.done) EXPECT_EQ(cut.message_bytes, whole.message_bytes) << bytes;
      EXPECT_EQ(cut.done, whole.done) << bytes;
    }
  }
}

TEST(Framer, Traceparents) {
  EXPECT_FALSE(parse_traceparent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01").none());
  for (const char* const text : {"", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
                                 "00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                                 "00-0gf7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                                 "00_0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}) {
    EXPECT_TRUE(parse_traceparent(text).none()) << text;
  }
  events::TraceId trace;
  for (std::size_t i = 0; i < trace.bytes.size(); ++i) trace.bytes[i] = static_cast<std::uint8_t>(i * 17);
  const auto made = make_traceparent(trace, 0x0123456789abcdef);
  EXPECT_EQ(std::string_view(made.data(), made.size()), "00-00112233445566778899aabbccddeeff-0123456789abcdef-01");
  EXPECT_EQ(parse_traceparent({made.data(), made.size()}), trace);
}

TEST(Framer, IdempotentMethodsAreThoseOfRfc9110) {
  for (const char* const method : {"GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"})
    EXPECT_TRUE(is_idempotent(method));
  for (const char* const method : {"POST", "PATCH", "CONNECT", "get", "", "GETS"}) EXPECT_FALSE(is_idempotent(method));
}

}  // namespace
}  // namespace stormproof::wire
