// What the recorder does when its disk fails it, and when its file is taken away.
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/replay/limit.h"
#include "tests/replay/tapping.h"

namespace stormproof::replay {
namespace {

using wire::Part;

TEST_F(RecorderTest, AFullDiskIsToldOnceCountedAndLeavesNoHoles) {
  start();
  const std::string piece = noise(9, 1 << 20);
  std::uint64_t ended = 0;
  const auto whole_ones = [&](int count) {
    for (int i = 0; i < count; ++i, ++ended) exchange(piece);
  };
  wire::Tap* const across = begin();  // begun before the trouble, ended after it
  across->bytes(Part::request_head, get_head);
  across->bytes(Part::response_head, ok_head);
  across->bytes(Part::response_body, piece);
  {
    const Limit full(RLIMIT_FSIZE, 2 << 20);
    whole_ones(12);  // more than the writer keeps for better times
    ASSERT_TRUE(is_told(1));
    clock_.let_it_work();
    across->bytes(Part::response_body, piece);  // lost
    whole_ones(2);
    clock_.let_it_work();
  }
  clock_.let_it_work();
  across->bytes(Part::response_body, piece);
  end(across);
  ++ended;
  for (int i = 0; i < 3; ++i, ++ended) exchange("after");
  const Account account = finish();
  ASSERT_EQ(told().size(), 1u) << told().back();
  EXPECT_NE(told()[0].find(path_), std::string::npos) << told()[0];
  EXPECT_EQ(count_of(account, "recorded") + count_of(account, "dropped: disk trouble"), ended);
  EXPECT_GE(count_of(account, "dropped: disk trouble"), 3u) << "the one with the hole and the two after it";
  const auto exchanges = read();
  EXPECT_FALSE(torn_) << "the disk had room again before the end";
  EXPECT_EQ(exchanges.size(), count_of(account, "recorded"));
  std::size_t after = 0;
  for (const Exchange& each : exchanges) {
    EXPECT_NE(each.id, 1u) << "a body with a hole in it is not recorded";
    if (each.response.body == "after") ++after;
    else EXPECT_TRUE(each.response.body == piece) << each.id;
  }
  EXPECT_EQ(after, 3u) << "it goes on when the disk has room again";
}

}  // namespace
}  // namespace stormproof::replay
