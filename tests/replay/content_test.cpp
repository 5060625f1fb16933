#include "replay/content.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

namespace stormproof::replay {
namespace {

std::string deflated(std::string_view text, int window) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string zstd(std::string_view text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3));
  return out;
}

std::string head(std::string_view encoding) {
  return fmt::format("HTTP/1.1 200 OK\r\nContent-Encoding: {}\r\n\r\n", encoding);
}

Decoded decode(std::string_view encoding, std::string_view body, std::string& buffer) {
  return decoded_content(head(encoding), body, buffer);
}

TEST(Content, EncodingsAreUndone) {
  const std::string text(300'000, 'a');
  std::string buffer;
  for (const int window : {15 + 16, 15, -15}) {
    const Decoded decoded = decode(window > 15 ? "gzip" : "deflate", deflated(text, window), buffer);
    EXPECT_FALSE(decoded.failed) << window;
    EXPECT_EQ(decoded.bytes, text) << window;
  }
  EXPECT_EQ(decode("zstd", zstd(text), buffer).bytes, text);
  const std::string brotli("\x0b\x02\x80hello\x03", 9);  // a stored block, as `printf hello | brotli` writes it
  EXPECT_EQ(decode("br", brotli, buffer).bytes, "hello");
  EXPECT_EQ(decode("GZIP, zstd", zstd(deflated(text, 31)), buffer).bytes, text);
  EXPECT_EQ(decode("identity", "plain", buffer).bytes, "plain");
  EXPECT_EQ(decode("gzip", deflated("one", 31) + deflated("two", 31), buffer).bytes, "onetwo");
}

TEST(Content, WhatCannotBeDecodedStaysAndSaysSo) {
  std::string buffer;
  const std::string whole = deflated("hello hello hello", 31);
  for (const auto& [encoding, body] : {std::pair<std::string, std::string>{"gzip", "no gzip"},
                                       {"gzip", whole.substr(0, whole.size() - 9)},
                                       {"br", "no brotli"},
                                       {"zstd", zstd("hello").substr(0, 8)},
                                       {"made-up", "x"}}) {
    const Decoded decoded = decode(encoding, body, buffer);
    EXPECT_TRUE(decoded.failed) << encoding;
    EXPECT_EQ(decoded.bytes, body);
  }
  EXPECT_FALSE(decode("gzip", "", buffer).failed);
}

TEST(Content, ABombIsNotUnpacked) {
  std::string buffer;
  const std::string bomb = zstd(std::string(content_bytes_max + 1, '\0'));
  EXPECT_LT(bomb.size(), 10'000U);
  EXPECT_TRUE(decode("zstd", bomb, buffer).failed);
}

TEST(Content, ChunksAreTakenAwayWhereTheyAreWhole) {
  const std::string chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  std::string buffer;
  EXPECT_EQ(without_chunks(chunked, "5\r\nhello\r\n7;x=y\r\n, world\r\n0\r\nT: 1\r\n\r\n", buffer), "hello, world");
  EXPECT_EQ(without_chunks(chunked, "5\r\nhel", buffer), "5\r\nhel");
  EXPECT_EQ(without_chunks("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", "abc", buffer), "abc");
}

TEST(Content, TheKindIsSaidOrSeen) {
  const auto kind = [](std::string_view type, std::string_view bytes) {
    return kind_of(fmt::format("HTTP/1.1 200 OK\r\nContent-Type: {}\r\n\r\n", type), bytes);
  };
  EXPECT_EQ(kind("application/json; charset=utf-8", "1"), ContentKind::json);
  EXPECT_EQ(kind("application/problem+json", "{}"), ContentKind::json);
  EXPECT_EQ(kind("Text/HTML", "x"), ContentKind::html);
  EXPECT_EQ(kind("image/svg+xml", "<svg/>"), ContentKind::xml);
  EXPECT_EQ(kind("application/x-ndjson", "1\n2"), ContentKind::json_lines);
  EXPECT_EQ(kind("application/json", ""), ContentKind::none);
  EXPECT_EQ(kind("text/plain", " [1]"), ContentKind::json);
  EXPECT_EQ(kind("text/plain", "hello"), ContentKind::text);
  EXPECT_EQ(kind("application/octet-stream", std::string("\0\1", 2)), ContentKind::binary);
  EXPECT_EQ(kind("text/plain", "\xff\xfe"), ContentKind::binary);
}

}  // namespace
}  // namespace stormproof::replay
