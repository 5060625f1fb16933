#include "faults/truncate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stormproof::faults {
namespace {

TEST(Truncate, NeedsABodyThatCanBeCut) {
  const auto empty = Message::of_response("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", false);
  EXPECT_FALSE(Truncate{}.apply(*empty).has_value());
  const auto one = Message::of_response("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na", false);
  EXPECT_TRUE(Truncate{}.apply(*one).has_value()) << "half of one byte is none";
  EXPECT_FALSE((Truncate{.share = 0, .bytes = 5}).apply(*one).has_value());
  const auto head = Message::of_response("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n", true);
  EXPECT_FALSE(Truncate{}.apply(*head).has_value());
}

}  // namespace
}  // namespace stormproof::faults
