// What the recorder does when its writer is too slow.
#include <gtest/gtest.h>

#include "tests/replay/tapping.h"

namespace stormproof::replay {
namespace {

using wire::Part;

// The writer stands still as with a disk that hangs: no call here waits, and what finds no room is counted.
TEST_F(RecorderTest, AFullRingDropsWholeExchangesAndCountsThem) {
  RecorderOptions options;
  options.ring_bytes = 64 << 10;
  options.part_bytes = 4096;
  start(std::move(options));
  clock_.stop();
  wire::Tap* const half = begin();
  half->bytes(Part::request_head, get_head);
  half->bytes(Part::response_head, ok_head);
  half->bytes(Part::response_body, noise(1, 20'000));  // its pieces find room
  std::uint64_t ended = 0;
  for (std::uint64_t i = 0; i < 500; ++i, ++ended) exchange(noise(i, 1'000));
  half->bytes(Part::response_body, noise(2, 20'000));
  end(half);
  ++ended;
  clock_.go_on();
  const Account account = finish();
  const std::uint64_t recorded = count_of(account, "recorded");
  EXPECT_EQ(recorded + count_of(account, "dropped: queue full"), ended);
  EXPECT_GT(recorded, 10u) << "what fitted was kept";
  EXPECT_LT(recorded, 100u);
  const auto exchanges = read();
  EXPECT_EQ(exchanges.size(), recorded);
  for (const Exchange& each : exchanges) {
    ASSERT_NE(each.id, 1u) << "the half one is not among them";
    EXPECT_TRUE(each.response.body == noise(each.id - 2, 1'000)) << each.id;
  }
  EXPECT_EQ(count_of(account, cause_body_alone), 1u) << "its pieces are told apart";
}

TEST_F(RecorderTest, ASmallRingStillTakesBodiesThatFitIt) {
  RecorderOptions options;
  options.ring_bytes = 64 << 10;  // smaller than the piece that is asked for
  start(std::move(options));
  const std::string up = noise(3, 20'000);
  const std::string down = noise(4, 20'000);
  wire::Tap* const tap = begin();
  tap->bytes(Part::request_head, get_head);
  tap->bytes(Part::request_body, up);
  tap->bytes(Part::response_head, ok_head);
  tap->bytes(Part::response_body, down);
  end(tap);
  EXPECT_EQ(count_of(finish(), "recorded"), 1u);
  const auto exchanges = read();
  ASSERT_EQ(exchanges.size(), 1u);
  EXPECT_TRUE(exchanges[0].request.body == up);
  EXPECT_TRUE(exchanges[0].response.body == down);
}

}  // namespace
}  // namespace stormproof::replay
