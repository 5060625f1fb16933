#include "replay/answer.h"

#include <gtest/gtest.h>

namespace stormproof::replay {
namespace {

TEST(Answer, OfACaptureSaysHowItEnded) {
  Exchange exchange;
  exchange.request_start = base::Time(std::chrono::seconds(10));
  exchange.response_end = base::Time(std::chrono::seconds(12));
  exchange.response = {"HTTP/1.1 503 Busy\r\n\r\n", "busy"};
  const Answer whole = answer_of(Exchange(exchange));
  EXPECT_TRUE(whole.answered());
  EXPECT_TRUE(whole.failed());
  EXPECT_EQ(whole.status, 503);
  EXPECT_EQ(whole.body, "busy");
  EXPECT_FALSE(whole.cut());
  EXPECT_EQ(whole.latency(), std::chrono::seconds(2));

  exchange.ending = Ending::reset;
  EXPECT_FALSE(answer_of(Exchange(exchange)).answered());
  exchange = {};
  exchange.ending = Ending::response_missing;
  EXPECT_TRUE(answer_of(std::move(exchange)).failed());
}

}  // namespace
}  // namespace stormproof::replay
