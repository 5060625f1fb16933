#include "faults/no_answer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stormproof::faults {
namespace {

TEST(NoAnswer, RandomBytesAreAFunctionOfTheirSourceAndNoHttp) {
  const auto one = unanswered(NoAnswer::random, 1, "a", 2);
  EXPECT_EQ(one.pieces.front().bytes, unanswered(NoAnswer::random, 1, "a", 2).pieces.front().bytes);
  EXPECT_NE(one.pieces.front().bytes, unanswered(NoAnswer::random, 1, "b", 2).pieces.front().bytes);
  for (std::uint64_t identity = 0; identity < 1000; ++identity)
    EXPECT_NE(unanswered(NoAnswer::random, 1, "a", identity).pieces.front().bytes.front(), 'H');
  EXPECT_TRUE(unanswered(NoAnswer::empty, 1, "a", 2).pieces.empty());
  EXPECT_EQ(unanswered(NoAnswer::reset, 1, "a", 2).ending, wire::Delivery::Ending::reset);
}

}  // namespace
}  // namespace stormproof::faults
