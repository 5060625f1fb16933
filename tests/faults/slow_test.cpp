#include "faults/slow.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stormproof::faults {
namespace {

TEST(Slow, KeepsEveryByteAndAddsUpToTheWholeTime) {
  const std::string head = "HTTP/1.1 200 OK\r\nA: 1\r\n\r\n", body(1000, 'x');
  wire::Delivery delivery{.pieces = {{.bytes = head + body}}, .status = 200};
  Slow{.head_over = std::chrono::seconds(2), .body_over = std::chrono::nanoseconds(999'999'937)}.apply(delivery);
  std::string all;
  base::Nanoseconds time{0};
  for (const auto& piece : delivery.pieces) {
    EXPECT_FALSE(piece.bytes.empty());
    all += piece.bytes;
    time += piece.after;
  }
  EXPECT_EQ(all, head + body);
  EXPECT_EQ(time, base::Nanoseconds(2'999'999'937));
  EXPECT_LE(delivery.pieces.size(), 2 * Slow::pieces_max);
}

}  // namespace
}  // namespace stormproof::faults
