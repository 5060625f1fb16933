#include "replay/answer_difference.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace stormproof::replay {
namespace {

Answer answer(int status, std::string fields, std::string body) {
  Answer one;
  one.outcome = events::Outcome::answered;
  one.status = status;
  one.head = fmt::format("HTTP/1.1 {} X\r\n{}\r\n", status, fields);
  one.body_bytes = body.size();
  one.body = std::move(body);
  return one;
}

std::string told(const Answer& a, const Answer& b, std::string_view method = "GET", const DifferenceRules& rules = {}) {
  ReadAnswer read_a(a);
  ReadAnswer read_b(b);
  std::string text;
  for (const Difference& one : answer_differences(read_a, read_b, method, "GET /", rules)) {
    text += fmt::format("{}{} {} [{}] [{}]", text.empty() ? "" : "; ", one.path, to_string(one.change), one.baseline,
                        one.candidate);
  }
  return text;
}

const std::string json = "Content-Type: application/json\r\n";

TEST(AnswerDifference, ANotherStatusIsAllThatIsSaid) {
  EXPECT_EQ(told(answer(200, json, "{}"), answer(503, "", "busy")), "status:503 changed [200] [503]");
  Answer none;
  none.outcome = events::Outcome::reset;
  EXPECT_EQ(told(answer(200, "", ""), none), "status:none changed [200] [no answer (reset)]");
  EXPECT_EQ(told(none, none), "");
  DifferenceRules rules;
  ASSERT_TRUE(rules.ignore("status"));
  EXPECT_EQ(told(answer(200, "", ""), answer(404, "", ""), "GET", rules), "");
}

TEST(AnswerDifference, HeadersByName) {
  EXPECT_EQ(told(answer(200, "ETag: \"a\"\r\nDate: now\r\nB: 1\r\nVia: x\r\nVia: y\r\n", ""),
                 answer(200, "date: then\r\netag: \"b\"\r\nVIA: x\r\nVia: z\r\nC: 2\r\n", "")),
            "header:b missing [1] []; header:c added [] [2]; header:etag changed [\"a\"] [\"b\"]; header:via changed "
            "[y] [z]");
  EXPECT_EQ(told(answer(200, "Set-Cookie: s=1; Path=/\r\nSet-Cookie: t=2\r\n", ""),
                 answer(200, "Set-Cookie: t=2\r\nSet-Cookie: s=3; Path=/\r\n", "")),
            "header:set-cookie:s changed [1; Path=/] [3; Path=/]");
  EXPECT_EQ(told(answer(200, "Content-Length: 3\r\n", ""), answer(200, "Content-Length: 4\r\n", ""), "HEAD"),
            "header:content-length changed [3] [4]");
  EXPECT_EQ(told(answer(200, "Content-Length: 3\r\n", ""), answer(200, "Transfer-Encoding: chunked\r\n", ""), "GET"),
            "");
}

TEST(AnswerDifference, BodiesByTheirContent) {
  EXPECT_EQ(told(answer(200, json, R"({"a":1,"b":2})"), answer(200, json, R"({ "b": 2, "a": 1 })")), "");
  EXPECT_EQ(told(answer(200, json, R"({"a":1})"), answer(200, json, R"({"a":2})")), "$.a changed [1] [2]");
  EXPECT_EQ(told(answer(200, json + "Transfer-Encoding: chunked\r\n", "7\r\n{\"a\":1}\r\n0\r\n\r\n"),
                 answer(200, json, R"({"a":2})")),
            "$.a changed [1] [2]");
  EXPECT_EQ(told(answer(200, json, R"({"a":1})"), answer(200, json, "oops")),
            "body another type [JSON, 7 bytes] [text, 4 bytes]");
  EXPECT_EQ(told(answer(200, json, R"({"a":1})"), answer(200, json, "")),
            "body missing [JSON, 7 bytes] [empty, 0 bytes]");
  EXPECT_EQ(told(answer(200, "Content-Type: image/png\r\n", std::string("\0a", 2)),
                 answer(200, "Content-Type: image/png\r\n", std::string("\0bc", 3))),
            "body changed [2 bytes] [3 bytes]");
  EXPECT_EQ(told(answer(200, "Content-Type: text/plain\r\n", "one\ntwo\n"),
                 answer(200, "Content-Type: text/plain\r\n", "one\n2\n")),
            "$[*] changed [\"two\"] [\"2\"]");
  DifferenceRules rules;
  ASSERT_TRUE(rules.ignore("body"));
  EXPECT_EQ(told(answer(200, json, "1"), answer(200, json, "oops"), "GET", rules), "");
}

TEST(AnswerDifference, WhatWasCutIsComparedByItsDigest) {
  Answer a = answer(200, "", "abc");
  Answer b = a;
  a.body_bytes = b.body_bytes = 1000;
  a.body_digest = b.body_digest = 7;
  EXPECT_EQ(told(a, b), "");
  b.body_digest = 8;
  EXPECT_EQ(told(a, b), "body changed [1000 bytes, cut] [1000 bytes, cut]");
}

}  // namespace
}  // namespace stormproof::replay
