#include "replay/shot.h"

#include <gtest/gtest.h>

namespace stormproof::replay {
namespace {

TEST(Shot, TakesAnyConnectionAndBelongsToTheFirstLoopUnlessItSaysOtherwise) {
  const Shot shot;
  EXPECT_EQ(shot.lane, 0u);
  EXPECT_EQ(shot.loop, 0u);
  EXPECT_FALSE(shot.pipelined);
  EXPECT_TRUE(shot.trace.none());
  EXPECT_EQ(shot.hold, nullptr);
}

}  // namespace
}  // namespace stormproof::replay
