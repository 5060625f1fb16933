#include "tests/support/waiting.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace stormproof::support {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

TEST(Waiting, EndsWhenItHolds) {
  std::atomic<bool> done = false;
  std::thread other([&] { done.store(true); });
  EXPECT_TRUE(eventually(hours(1), [&] { return done.load(); }));
  other.join();
}

TEST(Waiting, EndsWhenTheTimeHasPassed) {
  const auto start = steady_clock::now();
  EXPECT_FALSE(eventually(milliseconds(10), [] { return false; }));
  EXPECT_GE(steady_clock::now() - start, milliseconds(10));
}

TEST(Waiting, LooksAtLeastOnce) {
  EXPECT_TRUE(eventually(milliseconds(0), [] { return true; }));
}

TEST(Waiting, TheTimeLeftIsRoundedUpAndNeverNegative) {
  EXPECT_EQ(milliseconds_until(steady_clock::now() - hours(1)), 0);
  EXPECT_EQ(milliseconds_until(steady_clock::now()), 0);
  const int left = milliseconds_until(steady_clock::now() + milliseconds(1000));
  EXPECT_GT(left, 900);
  EXPECT_LE(left, 1000);
}

}  // namespace
}  // namespace stormproof::support
