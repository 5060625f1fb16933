#include "harness/wire/loop_thread.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "harness/wire/pause.h"

namespace stormproof::wire {
namespace {

TEST(LoopThread, ACallGivesBackWhatItReturns) {
  LoopThread loop;
  EXPECT_EQ(loop.call([] { return 17; }), 17);
  const auto moved = loop.call([] { return std::make_unique<int>(4); });
  EXPECT_EQ(*moved, 4) << "also what can only be moved";
}

TEST(LoopThread, AllCallsRunOnOneOtherThreadInTheirOrder) {
  LoopThread loop;
  const auto first = loop.call([] { return std::this_thread::get_id(); });
  std::vector<int> order;
  loop.call([&] { order.push_back(1); });
  loop.call([&] { order.push_back(2); });
  EXPECT_NE(first, std::this_thread::get_id());
  EXPECT_EQ(first, loop.call([] { return std::this_thread::get_id(); }));
  EXPECT_EQ(order, (std::vector{1, 2}));
}

base::Task<> pass(wire::Pause& pause, std::thread::id& ran_on, bool& whole) {
  whole = co_await pause.lasting(std::chrono::milliseconds(20));
  ran_on = std::this_thread::get_id();
}

TEST(LoopThread, RunReturnsWhenTheTaskHasEnded) {
  LoopThread loop;
  auto pause = loop.call([&] { return std::make_unique<wire::Pause>(loop.io()); });
  std::thread::id ran_on;
  bool whole = false;
  const auto begin = std::chrono::steady_clock::now();
  loop.run(pass(*pause, ran_on, whole));
  EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(20));
  EXPECT_TRUE(whole);
  EXPECT_EQ(ran_on, loop.call([] { return std::this_thread::get_id(); }));
  loop.call([&] { pause.reset(); });
}

TEST(LoopThread, EndLeavesWhatIsPostedLaterUndoneAndMayBeRepeated) {
  LoopThread loop;
  bool ran = false;
  bool late = false;
  loop.call([&] { ran = true; });
  loop.end();
  boost::asio::post(loop.io(), [&] { late = true; });
  loop.end();
  EXPECT_TRUE(ran);
  EXPECT_FALSE(late);
  EXPECT_TRUE(loop.io().stopped());
}

TEST(LoopThread, ABusyLoopIsWaitedForNoLongerThanAsked) {
  LoopThread loop;
  std::promise<void> release;
  boost::asio::post(loop.io(), [free = release.get_future().share()] { free.wait(); });
  EXPECT_EQ(loop.call_within(std::chrono::milliseconds(1), [] { return 1; }), std::nullopt);
  release.set_value();
  EXPECT_EQ(loop.call_within(std::chrono::seconds(30), [] { return 2; }), 2);
}

}  // namespace
}  // namespace stormproof::wire
