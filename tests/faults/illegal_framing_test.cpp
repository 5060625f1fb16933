#include "faults/illegal_framing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stormproof::faults {
namespace {

TEST(IllegalFraming, AnEmptyAnswerGetsABodyToFrame) {
  const auto empty = Message::of_response("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", false);
  for (std::size_t i = 0; i < illegal_framing_names.size(); ++i) {
    const auto sent = framed_illegally(*empty, static_cast<IllegalFraming>(i));
    EXPECT_EQ(sent.ending, wire::Delivery::Ending::close);
    EXPECT_GT(sent.pieces.front().bytes.size(), empty->head().size()) << illegal_framing_names[i];
  }
}

}  // namespace
}  // namespace stormproof::faults
