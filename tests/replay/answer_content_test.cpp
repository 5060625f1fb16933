#include "replay/answer_content.h"

#include <gtest/gtest.h>

namespace stormproof::replay {
namespace {

using events::Content;

Content content(std::string_view body, const std::string& fields = "Content-Type: application/json\r\n") {
  return content_of("HTTP/1.1 200 OK\r\n" + fields + "\r\n", body);
}

TEST(AnswerContent, TellsWhatABodyIs) {
  EXPECT_EQ(content("").kind, Content::Kind::empty);
  EXPECT_EQ(content("{\"a\": 1}").kind, Content::Kind::json);
  EXPECT_EQ(content("{\"a\": ").kind, Content::Kind::broken_json);
  EXPECT_EQ(content("sorry", "Content-Type: text/plain\r\n").kind, Content::Kind::other);
  EXPECT_EQ(content("0\r\n\r\n", "Transfer-Encoding: chunked\r\n").kind, Content::Kind::empty);
  EXPECT_EQ(
      content("8\r\n{\"a\": 1}\r\n0\r\n\r\n", "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n").shape,
      content("{\"a\": 2}").shape);
}

TEST(AnswerContent, TheShapeIsOfMembersNotOfValues) {
  const auto shape = [](std::string body) { return content(std::move(body)).shape; };
  EXPECT_EQ(shape(R"({"id": 1, "tags": ["a", "b"]})"), shape(R"({"tags": ["c"], "id": 7})"));
  EXPECT_NE(shape(R"({"id": 1})"), shape(R"({"id": null})"));
  EXPECT_NE(shape(R"({"id": 1})"), shape(R"({"id": 1, "name": "x"})"));
  EXPECT_NE(shape("{}"), shape("[]"));
  EXPECT_NE(shape("{}"), 0u);
  EXPECT_EQ(content("sorry", "Content-Type: text/plain\r\n").shape, 0u);
}

TEST(AnswerContent, AgeIsWhatTheHeaderSays) {
  EXPECT_EQ(content("{}", "Age: 17\r\n").age, 17u);
  EXPECT_EQ(content("", "Age: 17\r\n").age, 17u);
  for (const std::string fields : {"", "Age: old\r\n", "Age: -1\r\n", "Age: 99999999999\r\n"})
    EXPECT_EQ(content("{}", fields).age, events::Advice::not_said) << fields;
}

}  // namespace
}  // namespace stormproof::replay
