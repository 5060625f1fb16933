#include "harness/wire/chunks.h"

#include <gtest/gtest.h>

#include <string>

namespace stormproof::wire {
namespace {

// How many bytes are the body's; npos: malformed.
std::size_t length_of(std::string_view bytes, std::size_t step = std::string_view::npos) {
  Chunks chunks;
  std::size_t taken = 0;
  while (taken < bytes.size() && !chunks.done()) {
    const std::size_t some = chunks.feed(bytes.substr(taken, step));
    if (!chunks.error().empty()) return std::string_view::npos;
    taken += some;
  }
  return chunks.done() ? taken : 0;
}

TEST(Chunks, EndWhereTheyEndHoweverTheyAreCut) {
  for (const std::string_view body :
       {"0\r\n\r\n", "000\r\n\r\n", "5\r\nhello\r\n0\r\n\r\n", "A\r\n0123456789\r\n0\r\n\r\n",
        "a;x\r\n0123456789\r\n0;y=1\r\n\r\n", "1;a=\"b;\\\"c\";d;e=f\r\nx\r\n0\r\n\r\n", "1;a=\r\nx\r\n0\r\n\r\n",
        "0\r\nA: b\r\nC:\r\n\r\n", "2\r\n\r\n\r\n0\r\nX: \xff\t\r\n\r\n",
        "0000000000000000000000001\r\nx\r\n0\r\n\r\n"}) {
    const std::string followed = std::string(body) + "GET / HTTP/1.1\r\n";
    for (std::size_t step = 1; step <= followed.size(); ++step)
      EXPECT_EQ(length_of(followed, step), body.size()) << body;
    for (std::size_t cut = 0; cut < body.size(); ++cut)
      EXPECT_EQ(length_of(body.substr(0, cut)), 0u) << body << " at " << cut;
  }
}

TEST(Chunks, MalformedOnesAreRefused) {
  for (const std::string_view body : {"\r\n",
                                      "g\r\n",
                                      "-1\r\n",
                                      "+1\r\n",
                                      " 1\r\n",
                                      "1 \r\n",
                                      "0x1\r\n",
                                      "1\n",
                                      "1\rx",
                                      "1;\r\n",
                                      "1;=a\r\n",
                                      "1; a\r\n",
                                      "1;a b\r\n",
                                      "1;a=\"b\r\n",
                                      "1;a=\"b\"c\r\n",
                                      "1;a=\"\n\"\r\n",
                                      "1;a\n",
                                      "1\r\nab",
                                      "1\r\na\n",
                                      "1\r\na\r0",
                                      "0\r\nX\r\n",
                                      "0\r\n: a\r\n",
                                      "0\r\nA : b\r\n",
                                      "0\r\n folded\r\n",
                                      "0\r\nA: b\n",
                                      "0\r\nA: b\rc",
                                      "0\r\nA: \x01\r\n",
                                      "0\r\n\rx",
                                      "10000000000000000\r\n",
                                      "fffffffffffffffff\r\n",
                                      "0\r\nContent-Length: 1\r\n",
                                      "0\r\ntransfer-ENCODING: chunked\r\n"}) {
    EXPECT_EQ(length_of(body), std::string_view::npos) << body;
    EXPECT_EQ(length_of(body, 1), std::string_view::npos) << body;
  }
}

TEST(Chunks, NamesThatOnlyBeginLikeForbiddenOnesAreFine) {
  EXPECT_NE(length_of("0\r\nContent-Lengths: 1\r\nTransfer-Encoding2: x\r\nContent: 1\r\n\r\n"),
            std::string_view::npos);
}

TEST(Chunks, TheLargestSizeIsTaken) {
  Chunks chunks;
  EXPECT_EQ(chunks.feed("ffffffffffffffff\r\nabc"), 21u);
  EXPECT_EQ(chunks.error(), "");
  EXPECT_FALSE(chunks.done());
}

TEST(Chunks, LinesAndTrailersAreBounded) {
  const std::string extension = "1;" + std::string(Chunks::line_bytes_max, 'a');
  EXPECT_EQ(length_of(extension), std::string_view::npos);
  EXPECT_EQ(length_of(extension.substr(0, Chunks::line_bytes_max)), 0u);
  EXPECT_EQ(length_of(std::string(Chunks::line_bytes_max + 1, '0')), std::string_view::npos);
  std::string trailers = "0\r\n";
  while (trailers.size() < Chunks::trailer_bytes_max + 10) trailers += "X: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n";
  EXPECT_EQ(length_of(trailers), std::string_view::npos);
}

}  // namespace
}  // namespace stormproof::wire
