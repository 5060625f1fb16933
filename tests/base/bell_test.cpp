#include "harness/base/bell.h"

#include <gtest/gtest.h>

#include <thread>

namespace stormproof::base {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

TEST(Bell, DoesNotSleepWhereThereIsSomething) {
  Bell bell;
  int looks = 0;
  bell.wait(hours(1), [&] { return ++looks > 0; });
  EXPECT_EQ(looks, 1);
}

TEST(Bell, SleepsForItsTime) {
  Bell bell;
  const auto start = std::chrono::steady_clock::now();
  bell.wait(milliseconds(5), [] { return false; });
  EXPECT_GE(std::chrono::steady_clock::now() - start, milliseconds(5));
}

// With a wait of an hour a lost ring would hang this test until its time limit.
TEST(Bell, NoRingIsLostWhicheverOfTwoThreadsRings) {
  constexpr int rounds = 20'000;
  Bell bell;
  std::atomic<int> put = 0;
  const auto put_all = [&] {
    for (int i = 0; i < rounds; ++i) {
      put.fetch_add(1, std::memory_order_seq_cst);
      bell.ring_for([] { return false; });
    }
  };
  std::thread one(put_all);
  std::thread other(put_all);
  int seen = 0;
  while (seen < 2 * rounds) {
    bell.wait(hours(1), [&] { return put.load(std::memory_order_seq_cst) != seen; });
    seen = put.load();
  }
  one.join();
  other.join();
  EXPECT_EQ(seen, 2 * rounds);
}

TEST(Bell, ANapIsEndedByWhatIsUrgentOnly) {
  Bell bell;
  std::atomic<bool> put = false;
  std::atomic<bool> woken = false;
  std::thread sleeper([&] {
    bell.nap(hours(1), [&] { return put.load(std::memory_order_seq_cst); });
    woken.store(true);
  });
  for (int i = 0; i < 1'000; ++i) bell.ring_for([] { return false; });
  EXPECT_FALSE(woken.load());
  put.store(true, std::memory_order_seq_cst);
  bell.ring_for([] { return true; });
  sleeper.join();
  EXPECT_TRUE(woken.load());
}

TEST(Bell, UrgencyIsAskedOnlyOfANap) {
  Bell bell;
  int asked = 0;
  bell.ring_for([&] { return ++asked > 0; });
  bell.nap(milliseconds(1), [] { return false; });
  bell.ring_for([&] { return ++asked > 0; });
  EXPECT_EQ(asked, 0);
}

TEST(Bell, RingEndsAWaitForNothing) {
  Bell bell;
  std::atomic<bool> woken = false;
  std::thread sleeper([&] {
    bell.wait(hours(1), [] { return false; });
    woken.store(true);
  });
  while (!woken.load()) {  // one that comes before the wait has begun is not kept, so it is rung until it is heard
    bell.ring();
    std::this_thread::yield();
  }
  sleeper.join();
  EXPECT_TRUE(woken.load());
}

}  // namespace
}  // namespace stormproof::base
