#include "harness/wire/advice.h"

#include <gtest/gtest.h>

namespace stormproof::wire {
namespace {

using events::Advice;

constexpr std::uint32_t none = Advice::not_said;
constexpr base::Time now{std::chrono::seconds(1'700'000'000)};

Advice advice_of(std::string_view fields, std::string_view after = "") {
  std::string head = "HTTP/1.1 429 Too Many Requests\r\n";
  head.append(fields).append("\r\n").append(after);
  return advice_in(head, now);
}

TEST(Advice, ReadsEachDialect) {
  struct Row {
    std::string_view fields;
    Advice advice;
  };
  for (const Row& row : {
           Row{"Content-Length: 0\r\n", {}},
           Row{"Retry-After: 5\r\n", {.retry_after = 5}},
           Row{"retry-after:0\r\n", {.retry_after = 0}},
           Row{"Retry-After: 1.5\r\n", {.retry_after = 2}},
           Row{"Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nRetry-After: Sun, 06 Nov 1994 08:50:07 GMT\r\n",
               {.retry_after = 30}},
           Row{"Retry-After: Sun, 06 Nov 1994 08:50:07 GMT\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n",
               {.retry_after = 30}},
           Row{"Retry-After: Tue, 14 Nov 2023 22:13:27 GMT\r\n", {.retry_after = 7}},
           Row{"Retry-After: Sun, 06 Nov 1994 08:50:07 GMT\r\n", {.retry_after = 0}},
           Row{"Retry-After: soon\r\n", {}},
           Row{"Retry-After: -5\r\n", {}},
           Row{"Retry-After: 99999999999999999999999\r\n", {.retry_after = none - 1}},
           Row{"RateLimit: \"p\";r=50;t=30\r\nRateLimit-Policy: \"p\";q=100;w=60\r\n",
               {.limit = 100, .remaining = 50, .reset = 30, .window = 60, .dialects = 1}},
           Row{"RateLimit: limit=100, remaining=50, reset=30\r\n",
               {.limit = 100, .remaining = 50, .reset = 30, .dialects = 2}},
           Row{"RateLimit-Limit: 100, 100;w=60\r\nRateLimit-Remaining: 50\r\nRateLimit-Reset: 30\r\n",
               {.limit = 100, .remaining = 50, .reset = 30, .window = 60, .dialects = 4}},
           Row{"X-RateLimit-Limit: 100\r\nX-RateLimit-Remaining: 0\r\nX-RateLimit-Reset: 1700000030\r\n",
               {.limit = 100, .remaining = 0, .reset = 30, .dialects = 8}},
           Row{"x-rate-limit-remaining: 7\r\n", {.remaining = 7, .dialects = 8}},
           Row{"RateLimit-Of-Another-Kind: 7\r\n", {}},
       })
    EXPECT_EQ(advice_of(row.fields), row.advice) << row.fields;
}

TEST(Advice, DialectsOfOneAnswerMayContradict) {
  const auto contradicts = [](std::string_view fields) {
    return (advice_of(fields).dialects & static_cast<std::uint8_t>(events::Dialect::contradiction)) != 0;
  };
  EXPECT_TRUE(contradicts("X-RateLimit-Limit: 100\r\nRateLimit-Limit: 200\r\n"));
  EXPECT_TRUE(contradicts("X-RateLimit-Remaining: 1\r\nRateLimit: \"p\";r=2\r\n"));
  EXPECT_TRUE(contradicts("X-RateLimit-Reset: 1700000030\r\nRateLimit-Reset: 3\r\n"));
  EXPECT_FALSE(contradicts("X-RateLimit-Reset: 1700000030\r\nRateLimit-Reset: 29\r\n"));
  EXPECT_FALSE(
      contradicts("X-RateLimit-Reset: 1700000030\r\nRateLimit: limit=5, remaining=1, reset=30\r\n"
                  "Date: Tue, 14 Nov 2023 22:13:20 GMT\r\n"));
  EXPECT_EQ(advice_of("X-RateLimit-Limit: 7\r\nRateLimit-Limit: 7\r\n").dialects, 12);
}

TEST(Advice, ARefusalOfGrpcShowsWhereItsStatusIsInTheHead) {
  EXPECT_EQ(advice_of("grpc-status: 8\r\n").grpc_status, events::grpc_resource_exhausted);
  EXPECT_EQ(advice_of("grpc-status: 0\r\n"), Advice{});
  EXPECT_EQ(advice_of("grpc-status: 70000\r\n").grpc_status, 0xFF);
}

TEST(Advice, LooksAtTheHeadOnly) { EXPECT_EQ(advice_of("A: b\r\n", "Retry-After: 5\r\n"), Advice{}); }

TEST(Advice, TakesAnyBytes) {
  const std::string whole =
      "HTTP/1.1 200 OK\r\nRateLimit: \"p\";r=50;t=30\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nRetry-After: Sun, 06 "
      "Nov 1994 08:49:99 GMT\r\n\r\n";
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    const Advice advice = advice_in(std::string_view(whole).substr(0, size), now);
    EXPECT_EQ(advice.retry_after, none) << "a date that does not exist";
    for (int c = 0; c < 256; c += 17) {
      std::string other = whole.substr(0, size) + static_cast<char>(c) + whole.substr(size);
      (void)advice_in(other, now);
    }
  }
}

TEST(Advice, DatesAreOfOneForm) {
  EXPECT_EQ(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT"), 784111777);
  for (const std::string_view wrong : {"", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun, 31 Feb 1994 08:49:37 GMT",
                                       "Sun, 06 Nov 1994 24:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 EST"})
    EXPECT_FALSE(parse_http_date(wrong)) << wrong;
}

TEST(Advice, KeysAreDigests) {
  const std::string_view fields = "GET / HTTP/1.1\r\nHost: a\r\nX-Api-Key:  one \r\n";
  const std::uint32_t one = digest_of_field(fields, "x-api-key");
  EXPECT_NE(one, 0U);
  EXPECT_EQ(one, digest_of_field("GET / HTTP/1.1\r\nX-API-KEY: one\r\n", "X-Api-Key"));
  EXPECT_NE(one, digest_of_field("GET / HTTP/1.1\r\nX-Api-Key: two\r\n", "X-Api-Key"));
  EXPECT_EQ(digest_of_field(fields, "X-Other"), 0U);
  EXPECT_EQ(digest_of_field(fields, ""), 0U);
}

}  // namespace
}  // namespace stormproof::wire
