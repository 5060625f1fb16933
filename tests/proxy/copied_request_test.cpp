#include "harness/proxy/copied_request.h"

#include <gtest/gtest.h>

#include <string>

namespace stormproof::proxy {
namespace {

using Result = CopiedRequest::Result;

constexpr std::size_t plenty = 1 << 20;

// A request as a relay reads it: its head, then its body in pieces of `step` bytes.
class Original {
 public:
  explicit Original(std::string bytes) : bytes_(std::move(bytes)) {
    framer_.begin();
    EXPECT_EQ(framer_.feed(bytes_).progress, wire::Progress::head);
  }
  const wire::Head& head() const { return framer_.head(); }
  std::string_view body() const { return std::string_view(bytes_).substr(head().bytes.size()); }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
  wire::Framer framer_{wire::MessageKind::request};
};

std::string text_of(const CopiedRequest& copy) {
  std::string text;
  for (std::size_t i = 0; i < copy.blocks(); ++i) text += copy.block(i);
  return text;
}

std::string some_bytes(std::size_t count) {
  std::string text(count, ' ');
  for (std::size_t i = 0; i < count; ++i) text[i] = static_cast<char>('a' + i * i % 23);
  return text;
}

TEST(CopiedRequest, WithoutABodyIsWholeAtItsHead) {
  Budget budget(plenty);
  CopiedRequest copy(budget);
  const Original get("GET /a?b=c HTTP/1.1\r\nHost: shop\r\n\r\n");
  EXPECT_EQ(copy.begin(get.head()), Result::copied);
  EXPECT_TRUE(copy.whole());
  EXPECT_EQ(text_of(copy), get.bytes());
  EXPECT_EQ(copy.head().method, "GET");
  EXPECT_EQ(copy.head().target, "/a?b=c");
  EXPECT_EQ(copy.head().target.data() - copy.block(0).data(), 4) << "the views point into the copy";
}

TEST(CopiedRequest, BodiesOfEveryFramingAreWholeAtTheirLastByte) {
  const std::string large = some_bytes(100'000);
  const std::vector<std::string> requests = {
      "POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello", "POST / HTTP/1.1\r\nContent-Length: 100000\r\n\r\n" + large,
      "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
      "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n186A0;x=y\r\n" + large + "\r\n0\r\nDigest: abc\r\n\r\n"};
  for (const std::string& bytes : requests) {
    for (const std::size_t step : {std::size_t{1}, std::size_t{4093}, bytes.size()}) {
      Budget budget(plenty);
      CopiedRequest copy(budget);
      const Original original(bytes);
      ASSERT_EQ(copy.begin(original.head()), Result::copied);
      for (std::string_view left = original.body(); !left.empty(); left.remove_prefix(std::min(step, left.size()))) {
        ASSERT_FALSE(copy.whole());
        ASSERT_EQ(copy.append(left.substr(0, step)), Result::copied);
      }
      EXPECT_TRUE(copy.whole());
      EXPECT_TRUE(text_of(copy) == bytes);
    }
  }
}

TEST(CopiedRequest, ALargeHeadLiesInOnePiece) {
  Budget budget(plenty);
  CopiedRequest copy(budget);
  const Original get("GET / HTTP/1.1\r\nCookie: " + some_bytes(30'000) + "\r\n\r\n");
  ASSERT_EQ(copy.begin(get.head()), Result::copied);
  EXPECT_TRUE(copy.head().bytes == get.bytes());
  EXPECT_EQ(budget.used(), CopiedRequest::large_block + CopiedRequest::block_cost);
}

TEST(CopiedRequest, EveryByteIsPaidForAndGivenBack) {
  Budget budget(plenty);
  {
    CopiedRequest copy(budget);
    const Original post("POST / HTTP/1.1\r\nContent-Length: 50000\r\n\r\n" + some_bytes(50'000));
    ASSERT_EQ(copy.begin(post.head()), Result::copied);
    ASSERT_EQ(copy.append(post.body()), Result::copied);
    EXPECT_GE(budget.used(), post.bytes().size());
    EXPECT_LE(budget.used(), post.bytes().size() + 20'000);
    copy.release();
    EXPECT_EQ(budget.used(), 0u);
    ASSERT_EQ(copy.begin(post.head()), Result::copied);
  }
  EXPECT_EQ(budget.used(), 0u) << "by its destructor";
}

TEST(CopiedRequest, WithoutRoomItIsGivenUpAtOnce) {
  Budget budget(100'000);
  ASSERT_TRUE(budget.take(70'000));
  CopiedRequest copy(budget);
  const Original post("POST / HTTP/1.1\r\nContent-Length: 50000\r\n\r\n" + some_bytes(50'000));
  ASSERT_EQ(copy.begin(post.head()), Result::copied);
  EXPECT_EQ(copy.append(post.body().substr(0, 10'000)), Result::copied);
  EXPECT_EQ(copy.append(post.body().substr(10'000)), Result::no_room);
  EXPECT_EQ(budget.used(), 70'000u);
  EXPECT_FALSE(copy.whole());
  EXPECT_EQ(copy.append("more"), Result::no_room);
  EXPECT_LE(budget.highest(), 100'000u);
}

TEST(CopiedRequest, WhatTheWholeBudgetWouldNotHoldIsTooLarge) {
  Budget budget(100'000);
  CopiedRequest copy(budget);
  const Original said("POST / HTTP/1.1\r\nContent-Length: 100001\r\n\r\n");
  EXPECT_EQ(copy.begin(said.head()), Result::too_large);
  EXPECT_EQ(budget.highest(), 0u) << "known from its head";
  const Original chunked("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n20000\r\n" + some_bytes(0x20000));
  ASSERT_EQ(copy.begin(chunked.head()), Result::copied);
  EXPECT_EQ(copy.append(chunked.body()), Result::too_large);
  EXPECT_EQ(budget.used(), 0u);
}

TEST(CopiedRequest, MalformedChunksAreRefused) {
  Budget budget(plenty);
  CopiedRequest copy(budget);
  const Original post("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nnonsense");
  ASSERT_EQ(copy.begin(post.head()), Result::copied);
  EXPECT_EQ(copy.append(post.body()), Result::malformed);
  EXPECT_FALSE(copy.whole());
  EXPECT_EQ(budget.used(), 0u);
}

}  // namespace
}  // namespace stormproof::proxy
