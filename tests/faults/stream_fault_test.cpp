#include "faults/stream_fault.h"

#include <gtest/gtest.h>

namespace stormproof::faults {
namespace {

TEST(StreamFault, ALargerShareHitsTheSameConnectionsAndMore) {
  const StreamFault few{.name = "slow", .share = 0.2, .kind = Bandwidth{}};
  const StreamFault many{.name = "slow", .share = 0.5, .kind = Bandwidth{}};
  int hits = 0;
  for (std::uint64_t connection = 1; connection <= 10'000; ++connection) {
    hits += few.hits(7, connection);
    if (few.hits(7, connection)) EXPECT_TRUE(many.hits(7, connection));
  }
  EXPECT_NEAR(hits, 2000, 150);
  EXPECT_FALSE((StreamFault{.name = "none", .share = 0, .kind = Reset{}}.hits(7, 1)));
  EXPECT_TRUE((StreamFault{.name = "all", .share = 1, .kind = Reset{}}.hits(7, 1)));
}

TEST(StreamFault, SaysWhatMeansNothing) {
  EXPECT_FALSE((StreamFault{.name = "", .kind = Noop{}}.check()));
  EXPECT_FALSE((StreamFault{.name = "a", .share = 1.5, .kind = Noop{}}.check()));
  EXPECT_FALSE((StreamFault{.name = "a", .kind = Slicer{.average_size = 0}}.check()));
  EXPECT_EQ((StreamFault{.name = "a", .kind = HalfOpen{}}.type()), "half-open");
  EXPECT_EQ(to_string(Direction::upstream), "upstream");
  EXPECT_EQ(to_string(Place::client), "client");
}

}  // namespace
}  // namespace stormproof::faults
