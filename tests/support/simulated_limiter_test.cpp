#include "tests/support/simulated_limiter.h"

#include <gtest/gtest.h>

namespace stormproof::support {
namespace {

using base::Time;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Time begin{seconds(1'700'000'000)};

// How many of `asked` at once are admitted.
int admitted(SimulatedLimiter& limiter, Time at, int asked, std::uint64_t key = 1) {
  int count = 0;
  for (int i = 0; i < asked; ++i) count += limiter.ask(key, at, milliseconds(100)).admitted ? 1 : 0;
  return count;
}

TEST(SimulatedLimiter, ABucketRefillsEvenly) {
  SimulatedLimiter limiter({.kind = LimiterKind::token_bucket, .rate = 20, .burst = 10});
  EXPECT_EQ(admitted(limiter, begin, 30), 10);
  EXPECT_EQ(admitted(limiter, begin + milliseconds(250), 30), 5);
  EXPECT_EQ(admitted(limiter, begin + seconds(9), 30), 10);
  EXPECT_EQ(limiter.ask(1, begin + seconds(9)).wait, milliseconds(50));
}

TEST(SimulatedLimiter, AQueueMakesThemWait) {
  SimulatedLimiter limiter({.kind = LimiterKind::leaky_queue, .rate = 20, .burst = 3});
  EXPECT_EQ(limiter.ask(1, begin).queued, seconds(0));
  EXPECT_EQ(limiter.ask(1, begin).queued, milliseconds(50));
  EXPECT_EQ(limiter.ask(1, begin).queued, milliseconds(100));
  EXPECT_FALSE(limiter.ask(1, begin).admitted);
}

TEST(SimulatedLimiter, WindowsOfAClockGiveTwiceAtTheirBorder) {
  SimulatedLimiter limiter({.kind = LimiterKind::fixed_window, .quota = 20, .phase = milliseconds(300)});
  EXPECT_EQ(admitted(limiter, begin + milliseconds(290), 50), 20);
  EXPECT_EQ(admitted(limiter, begin + milliseconds(310), 50), 20);
  EXPECT_EQ(limiter.ask(1, begin + milliseconds(400)).wait, milliseconds(900));
}

TEST(SimulatedLimiter, AnchoredWindowsBeginWithARequest) {
  SimulatedLimiter limiter({.kind = LimiterKind::anchored_window, .quota = 20});
  EXPECT_EQ(admitted(limiter, begin + milliseconds(290), 50), 20);
  EXPECT_EQ(admitted(limiter, begin + milliseconds(1280), 50), 0);
  EXPECT_EQ(admitted(limiter, begin + milliseconds(1290), 50), 20);
}

TEST(SimulatedLimiter, ALogNeverGivesMoreInAWindow) {
  SimulatedLimiter limiter({.kind = LimiterKind::sliding_log, .quota = 20});
  EXPECT_EQ(admitted(limiter, begin, 5), 5);
  EXPECT_EQ(admitted(limiter, begin + milliseconds(900), 50), 15);
  EXPECT_EQ(admitted(limiter, begin + milliseconds(1000), 50), 5);
  EXPECT_EQ(limiter.ask(1, begin + milliseconds(1000)).wait, milliseconds(900));
}

TEST(SimulatedLimiter, ACounterForgetsEvenly) {
  SimulatedLimiter limiter({.kind = LimiterKind::sliding_counter, .quota = 20});
  EXPECT_EQ(admitted(limiter, begin + milliseconds(900), 50), 20);
  EXPECT_EQ(admitted(limiter, begin + milliseconds(1000), 50), 0);
  EXPECT_EQ(admitted(limiter, begin + milliseconds(1250), 50), 5);
  EXPECT_EQ(limiter.ask(1, begin + milliseconds(1250)).wait, milliseconds(50));
}

TEST(SimulatedLimiter, WhoIsPenalisedMustBeStill) {
  for (const LimiterKind kind : {LimiterKind::penalised_log, LimiterKind::penalised_counter}) {
    SimulatedLimiter limiter({.kind = kind, .quota = 20});
    int served = 0;
    for (int at = 0; at < 5000; at += 10) served += admitted(limiter, begin + milliseconds(at), 1);
    EXPECT_EQ(served, 20);
    EXPECT_EQ(admitted(limiter, begin + seconds(8), 1), 1);
  }
}

TEST(SimulatedLimiter, ConcurrencyCountsThoseUnderWay) {
  SimulatedLimiter limiter({.kind = LimiterKind::concurrency, .quota = 4});
  EXPECT_EQ(admitted(limiter, begin, 10), 4);
  EXPECT_EQ(admitted(limiter, begin + milliseconds(99), 10), 0);
  EXPECT_EQ(admitted(limiter, begin + milliseconds(100), 10), 4);
}

TEST(SimulatedLimiter, TheWaitIsTrueOfEveryKind) {
  for (int kind = 0; kind < static_cast<int>(LimiterKind::concurrency); ++kind) {
    const LimiterSettings settings{.kind = static_cast<LimiterKind>(kind), .quota = 7};
    std::mt19937_64 random(static_cast<std::uint64_t>(kind));
    for (int round = 0; round < 50; ++round) {
      SimulatedLimiter limiter(settings);
      Time now = begin;
      Ruling ruling = limiter.ask(1, now);
      for (int i = 0; i < 200 && ruling.admitted; ++i) {
        now += std::chrono::microseconds(random() % 20'000);
        ruling = limiter.ask(1, now);
      }
      ASSERT_FALSE(ruling.admitted) << kind;
      if (ruling.wait > milliseconds(2)) {
        SimulatedLimiter early = limiter;
        EXPECT_FALSE(early.ask(1, now + ruling.wait - milliseconds(1)).admitted) << to_string(settings.kind);
      }
      EXPECT_TRUE(limiter.ask(1, now + ruling.wait + milliseconds(1)).admitted ||
                  settings.kind >= LimiterKind::penalised_log)
          << to_string(settings.kind);
    }
  }
}

TEST(SimulatedLimiter, KeysAndInstances) {
  SimulatedLimiter apart({.burst = 10});
  EXPECT_EQ(admitted(apart, begin, 30, 1), 10);
  EXPECT_EQ(admitted(apart, begin, 30, 2), 10);
  SimulatedLimiter shared({.fault = LimiterFault::one_for_all, .burst = 10});
  EXPECT_EQ(admitted(shared, begin, 30, 1), 10);
  EXPECT_EQ(admitted(shared, begin, 30, 2), 0);
  SimulatedLimiter instances({.fault = LimiterFault::per_instance, .burst = 10, .instances = 3});
  EXPECT_EQ(admitted(instances, begin, 300, 1), 30);
}

TEST(SimulatedLimiter, Faults) {
  const auto first = [](LimiterSettings settings) {
    SimulatedLimiter limiter(settings);
    return admitted(limiter, begin, 1000);
  };
  EXPECT_EQ(first({.fault = LimiterFault::off_by_some, .burst = 10, .off_by = 2}), 12);
  EXPECT_EQ(first({.kind = LimiterKind::sliding_log, .fault = LimiterFault::too_generous, .quota = 20}), 22);
  EXPECT_EQ(first({.kind = LimiterKind::sliding_log, .fault = LimiterFault::too_strict, .quota = 20}), 18);
  EXPECT_EQ(first({.fault = LimiterFault::unlimited}), 1000);
  SimulatedLimiter lies({.fault = LimiterFault::lies, .burst = 1});
  lies.ask(1, begin);
  EXPECT_EQ(lies.ask(1, begin).wait, std::chrono::seconds(10));
  SimulatedLimiter refusals({.fault = LimiterFault::counts_refused, .burst = 10});
  EXPECT_EQ(admitted(refusals, begin, 15), 10);
  EXPECT_EQ(admitted(refusals, begin + milliseconds(240), 1), 0);
}

}  // namespace
}  // namespace stormproof::support
