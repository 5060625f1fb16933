#include "replay/content_decoding.h"

#include <brotli/encode.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include "tests/replay/linked_traffic.h"

namespace stormproof::replay {
namespace {

constexpr std::size_t plenty = 1 << 20;

std::string head(std::string_view fields) { return "HTTP/1.1 200 OK\r\n" + std::string(fields) + "\r\n"; }

TEST(ContentDecodingTest, UndoesChunksAndEveryCoding) {
  const std::string text = "csrf=" + std::string(5000, 'x') + "end";
  EXPECT_EQ(decoded_content(head(""), text, plenty).value(), text);
  EXPECT_EQ(decoded_content(head("Content-Encoding: gzip\r\n"), deflated(text, 31), plenty).value(), text);
  EXPECT_EQ(decoded_content(head("Content-Encoding: deflate\r\n"), deflated(text, 15), plenty).value(), text);
  EXPECT_EQ(decoded_content(head("Content-Encoding: deflate\r\n"), deflated(text, -15), plenty).value(), text);
  EXPECT_EQ(decoded_content(head("content-encoding: BR\r\n"), brotlied(text), plenty).value(), text);
  EXPECT_EQ(decoded_content(head("Content-Encoding: gzip, br\r\n"), brotlied(deflated(text, 31)), plenty).value(),
            text);
  const std::string both = head("Transfer-Encoding: chunked\r\nContent-Encoding: gzip\r\n");
  EXPECT_EQ(decoded_content(both, chunked(deflated(text, 31), 7), plenty).value(), text);
}

TEST(ContentDecodingTest, GzipMembersFollowEachOtherAndWhatIsBehindThemIsNothing) {
  const std::string two = deflated("first ", 31) + deflated("second", 31);
  EXPECT_EQ(without_coding("gzip", two, plenty).value(), "first second");
  EXPECT_EQ(without_coding("gzip", two + std::string(8, '\0'), plenty).value(), "first second");
}

TEST(ContentDecodingTest, NothingGrowsBeyondItsLimit) {
  const std::string zeros(1 << 20, '\0');
  for (const auto& [coding, bytes] : {std::pair("gzip", deflated(zeros, 31)), std::pair("br", brotlied(zeros))}) {
    EXPECT_LT(bytes.size(), 4000u);
    const auto content = without_coding(coding, bytes, 100'000);
    ASSERT_FALSE(content);
    EXPECT_EQ(content.error().message, "the content is larger than 100000 bytes");
  }
  EXPECT_FALSE(decoded_content(head(""), zeros, 1000));
}

TEST(ContentDecodingTest, DamageIsSaid) {
  const std::string text(5000, 'x');
  EXPECT_EQ(without_coding("gzip", deflated(text, 31).substr(0, 15), plenty).error().message, "it is cut short");
  EXPECT_EQ(without_coding("br", brotlied(text).substr(0, 5), plenty).error().message, "it is cut short");
  EXPECT_EQ(without_coding("gzip", "not gzip at all", plenty).error().message, "it is damaged");
  EXPECT_EQ(without_coding("zstd", "x", plenty).error().message, "the content coding zstd is not known");
  EXPECT_FALSE(without_chunks(head("Transfer-Encoding: chunked\r\n"), "5\r\nabc"));
  EXPECT_FALSE(without_chunks(head("Transfer-Encoding: chunked\r\n"), "ffffffffffffffff\r\nabc"));
  EXPECT_FALSE(without_chunks(head("Transfer-Encoding: chunked\r\n"), "3\r\nabcd\r\n0\r\n\r\n"));
  EXPECT_FALSE(without_chunks(head("Transfer-Encoding: chunked\r\n"), ""));
}

TEST(ContentDecodingTest, TheMediaTypeIsInLowerCaseWithoutParameters) {
  EXPECT_EQ(media_type(head("Content-Type: Application/JSON; charset=utf-8\r\n")), "application/json");
  EXPECT_EQ(media_type(head("")), "");
}

}  // namespace
}  // namespace stormproof::replay
