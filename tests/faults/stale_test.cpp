#include "faults/stale.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stormproof::faults {
namespace {

TEST(Stale, KeepsTheFirstResponseOfEachRequestAndNoMoreThanItsLimits) {
  StaleResponses responses;
  Message message{.start = "HTTP/1.1 200 OK", .fields = {}, .body = "first"};
  EXPECT_FALSE(responses.take(1, message).has_value());
  message.body = "second";
  EXPECT_EQ(responses.take(1, message)->body, "first");
  EXPECT_FALSE(responses.take(2, message).has_value());
  message.body.assign(StaleResponses::bytes_max, 'x');
  EXPECT_FALSE(responses.take(3, message).has_value());
  EXPECT_FALSE(responses.take(3, message).has_value()) << "too large to be kept";
  message.body = "small";
  for (std::uint64_t request = 10; request < 2000; ++request) responses.take(request, message);
  EXPECT_FALSE(responses.take(1999, message).has_value()) << "there are enough";
}

}  // namespace
}  // namespace stormproof::faults
