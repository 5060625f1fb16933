#include "harness/proxy/head_lines.h"

#include <gtest/gtest.h>

namespace stormproof::proxy {
namespace {

constexpr std::string_view plain = "GET /a HTTP/1.1\r\nHost: shop\r\nAccept:  */*\r\n\r\n";

std::string edited(const HeadLines& lines, std::string_view head, std::string_view client = "192.0.2.7") {
  wire::Framer framer(wire::MessageKind::request);
  framer.begin();
  EXPECT_EQ(framer.feed(head).progress, wire::Progress::head) << framer.error();
  std::string into = "left over";
  lines.edit(framer.head(), client, "http", into);
  return into;
}

TEST(HeadLines, NothingAskedForIsNothing) {
  EXPECT_FALSE(HeadLines().any());
  EXPECT_EQ(edited({}, plain), plain);
}

TEST(HeadLines, ViaComesBehindTheOthers) {
  EXPECT_EQ(edited({.via = "edge"}, "GET / HTTP/1.1\r\nVia: 1.1 a\r\nHost: h\r\n\r\n"),
            "GET / HTTP/1.1\r\nVia: 1.1 a\r\nHost: h\r\nVia: 1.1 edge\r\n\r\n");
}

TEST(HeadLines, ForwardedQuotesWhatNeedsIt) {
  EXPECT_EQ(
      edited({.via = {}, .forwarded = true}, plain),
      "GET /a HTTP/1.1\r\nHost: shop\r\nAccept:  */*\r\nForwarded: for=192.0.2.7;proto=http;host=\"shop\"\r\n\r\n");
  EXPECT_NE(edited({.via = {}, .forwarded = true}, plain, "2001:db8::1").find("for=\"[2001:db8::1]\";proto=http"),
            std::string::npos);
}

TEST(HeadLines, AClientCannotSayWhatOnlyTheRelayKnows) {
  EXPECT_EQ(edited({.via = {}, .x_forwarded = true},
                   "GET / HTTP/1.1\r\nx-forwarded-PROTO: https\r\nX-Forwarded-For: 10.0.0.1\r\nHost: h\r\n"
                   "X-Forwarded-Host: evil\r\nX-Forwarded-Hosts: b\r\n\r\n"),
            "GET / HTTP/1.1\r\nX-Forwarded-For: 10.0.0.1\r\nHost: h\r\nX-Forwarded-Hosts: b\r\n"
            "X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: h\r\n\r\n");
}

TEST(HeadLines, ATraceIsMadeOnlyWhereThereIsNone) {
  const HeadLines lines{.via = {}, .trace = true};
  const std::string one = edited(lines, plain), other = edited(lines, plain);
  EXPECT_NE(one, other);
  const std::size_t at = one.find("traceparent: ");
  ASSERT_NE(at, std::string::npos);
  EXPECT_FALSE(wire::parse_traceparent(std::string_view(one).substr(at + 13, 55)).none());
  const std::string_view has =
      "GET / HTTP/1.1\r\nHost: h\r\nTraceParent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n\r\n";
  EXPECT_EQ(edited(lines, has), has);
}

TEST(HeadLines, WhatComesOutIsStillOneHead) {
  wire::Framer framer(wire::MessageKind::request);
  framer.begin();
  const std::string all = edited({.via = "edge", .forwarded = true, .x_forwarded = true, .trace = true}, plain);
  const wire::Step step = framer.feed(all);
  EXPECT_EQ(step.progress, wire::Progress::head) << framer.error();
  EXPECT_EQ(step.consumed, all.size());
}

}  // namespace
}  // namespace stormproof::proxy
