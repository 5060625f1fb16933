#include "tests/subjects/shop/breaker.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace stormproof::subjects {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class BreakerTest : public testing::Test {
 protected:
  // One call with this outcome: whether it was let through.
  bool call(bool success) {
    const auto permit = breaker.ask(now);
    if (permit) breaker.report(*permit, success, now);
    return permit.has_value();
  }
  void open() {
    for (int i = 0; i < 5; ++i) ASSERT_TRUE(call(false));
    ASSERT_FALSE(call(true));
  }

  Breaker::Instant now{seconds(100)};
  std::vector<std::string> changes;
  Breaker breaker{{}, [this](std::string_view name) { changes.emplace_back(name); }};
};

TEST_F(BreakerTest, OpensAfterFiveFailuresInARow) {
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(call(false));
  EXPECT_TRUE(call(true)) << "a success starts the count anew";
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(call(false));
  EXPECT_FALSE(call(true));
  EXPECT_EQ(changes, std::vector<std::string>{"open"});
}

TEST_F(BreakerTest, LetsOneProbeThroughAfterItsSleep) {
  open();
  now += milliseconds(1999);
  EXPECT_FALSE(breaker.ask(now).has_value());
  now += milliseconds(1);
  const auto probe = breaker.ask(now);
  ASSERT_TRUE(probe.has_value());
  EXPECT_FALSE(breaker.ask(now).has_value()) << "one probe at a time";
  breaker.report(*probe, true, now);
  EXPECT_TRUE(call(true));
  EXPECT_EQ(changes, (std::vector<std::string>{"open", "halfOpen", "close"}));
}

TEST_F(BreakerTest, AFailedProbeOpensItForAnotherSleep) {
  open();
  now += seconds(2);
  EXPECT_TRUE(call(false));
  now += milliseconds(1999);
  EXPECT_FALSE(call(true));
  now += milliseconds(1);
  EXPECT_TRUE(call(true));
  EXPECT_EQ(changes, (std::vector<std::string>{"open", "halfOpen", "open", "halfOpen", "close"}));
}

TEST_F(BreakerTest, AStragglerChangesNothing) {
  const auto early = breaker.ask(now);
  open();
  breaker.report(*early, true, now);
  EXPECT_FALSE(call(true)) << "a late success does not close it";
  now += seconds(2);
  const auto probe = breaker.ask(now);
  breaker.report(*early, false, now);
  breaker.report(*probe, true, now);
  EXPECT_TRUE(call(true)) << "a late failure does not open it";
}

TEST_F(BreakerTest, TheDefectiveOneNeverOpens) {
  Breaker defective({.opens = false}, [this](std::string_view name) { changes.emplace_back(name); });
  for (int i = 0; i < 100; ++i) {
    const auto permit = defective.ask(now);
    ASSERT_TRUE(permit.has_value());
    defective.report(*permit, false, now);
  }
  EXPECT_TRUE(changes.empty());
}

TEST_F(BreakerTest, ManyThreadsGetOneProbe) {
  open();
  now += seconds(2);
  std::atomic<int> probes = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 1000; ++n) {
        if (breaker.ask(now)) ++probes;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(probes, 1);
}

}  // namespace
}  // namespace stormproof::subjects
