#include "harness/proxy/own_answer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stormproof::proxy {
namespace {

using events::Outcome;

TEST(OwnAnswer, IsAWholeResponseThatEndsItsConnection) {
  const OwnAnswer answer{502, "Bad Gateway", "no"};
  EXPECT_EQ(answer.text(false),
            "HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 15\r\n"
            "Connection: close\r\n\r\nstormproof: no\n");
}

TEST(OwnAnswer, ToHeadKeepsTheLengthAndDropsTheBody) {
  const std::string text = OwnAnswer{502, "Bad Gateway", "no"}.text(true);
  EXPECT_THAT(text, testing::HasSubstr("Content-Length: 15\r\n"));
  EXPECT_THAT(text, testing::EndsWith("\r\n\r\n"));
}

TEST(OwnAnswer, MalformedRequests) {
  EXPECT_EQ(answer_to_malformed("x", false).status, 400);
  EXPECT_EQ(answer_to_malformed("x", true).status, 431);
  EXPECT_EQ(answer_to_malformed("the reason", false).sentence, "the reason");
}

TEST(OwnAnswer, OneStatusACause) {
  EXPECT_FALSE(answer_to_failure(Outcome::cancelled, false));
  EXPECT_EQ(answer_to_failure(Outcome::refused, false)->status, 502);
  EXPECT_EQ(answer_to_failure(Outcome::reset, false)->status, 502);
  EXPECT_EQ(answer_to_failure(Outcome::bad_response, false)->status, 502);
  EXPECT_EQ(answer_to_failure(Outcome::tls_failed, false)->status, 502);
  EXPECT_EQ(answer_to_failure(Outcome::connect_timeout, false)->status, 504);
  EXPECT_EQ(answer_to_failure(Outcome::head_timeout, false)->status, 504);
  EXPECT_EQ(answer_to_failure(Outcome::idle_timeout, false)->status, 504);
  EXPECT_EQ(answer_to_failure(Outcome::idle_timeout, true)->status, 408);
}

TEST(OwnAnswer, WhyThereIsNoTls) {
  EXPECT_THAT(answer_to_failure(Outcome::tls_failed, false, "its certificate is bad")->text(false),
              testing::EndsWith("stormproof: there is no TLS with the upstream: its certificate is bad\n"));
}

}  // namespace
}  // namespace stormproof::proxy
