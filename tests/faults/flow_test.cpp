// A flow and its obstacles under simulated time: order, loss, what is left when a fault goes.
#include "faults/flow.h"

#include <gtest/gtest.h>

#include "tests/faults/flow_run.h"

namespace stormproof::faults {
namespace {

using std::chrono::milliseconds;

StreamLatency latency(milliseconds by) { return {.distribution = {.base = by}}; }

TEST(Flow, WithoutFaultsItIsPlainAndBytesGoThrough) {
  FlowRun run;
  EXPECT_TRUE(run.flow.plain());
  run.put("abc");
  EXPECT_FALSE(run.flow.plain()) << "something is held";
  run.end();
  run.until(milliseconds(0));
  EXPECT_EQ(run.bytes(), "abc");
  EXPECT_EQ(run.ended, End::Kind::in_order);
}

TEST(Flow, AFaultThatGoesLetsGoWhatItHeldInOrder) {
  FlowRun run;
  run.set("slow", latency(milliseconds(1000)));
  run.put("abc");
  run.until(milliseconds(10));
  run.put("def");
  EXPECT_EQ(run.bytes(), "");
  EXPECT_TRUE(run.flow.withdraw("slow", run.now()));
  EXPECT_FALSE(run.flow.withdraw("slow", run.now()));
  run.put("ghi");
  run.until(milliseconds(10));
  EXPECT_EQ(run.bytes(), "abcdefghi");
  EXPECT_TRUE(run.flow.plain());
}

TEST(Flow, AFaultInTheMiddleThatGoesKeepsTheOrder) {
  FlowRun run;
  run.set("first", latency(milliseconds(100)));
  run.set("second", latency(milliseconds(100)));
  run.set("third", latency(milliseconds(100)));
  run.put("1");
  run.until(milliseconds(150));  // in the second
  run.put("2");                  // in the first
  EXPECT_TRUE(run.flow.withdraw("second", run.now()));
  EXPECT_EQ(run.flow.names(), (std::vector<std::string>{"first", "third"}));
  run.until(milliseconds(1000));
  EXPECT_EQ(run.bytes(), "12");
}

TEST(Flow, DelaysOfSeveralFaultsAddUpExactly) {
  FlowRun run;
  run.set("a", latency(milliseconds(30)));
  run.set("b", latency(milliseconds(40)));
  run.put("x");
  run.until(milliseconds(1000));
  ASSERT_EQ(run.out().size(), 1U);
  EXPECT_EQ(run.out().front().at, milliseconds(70));
}

TEST(Flow, AFaultThatComesHoldsWhatHasNotLeftYet) {
  FlowRun run;
  run.put("abc");
  run.set("slow", latency(milliseconds(50)));
  run.until(milliseconds(40));
  EXPECT_EQ(run.bytes(), "");
  run.until(milliseconds(60));
  EXPECT_EQ(run.bytes(), "abc");
}

TEST(Flow, AFaultThatIsChangedGoesByItsNewValuesAtOnce) {
  FlowRun run;
  run.set("slow", latency(milliseconds(10'000)));
  run.put("abc");
  run.until(milliseconds(50));
  run.set("slow", latency(milliseconds(100)));
  run.until(milliseconds(99));
  EXPECT_EQ(run.bytes(), "");
  run.until(milliseconds(101));
  EXPECT_EQ(run.bytes(), "abc");
}

TEST(Flow, TheSenderWaitsWhenMuchIsHeld) {
  FlowRun run;
  run.set("line", Bandwidth{.rate = 0});
  const std::size_t room = run.flow.room();
  EXPECT_EQ(room, Obstacle::holds_by_default);
  run.put(std::string(room, 'x'));
  run.until(milliseconds(1));
  EXPECT_EQ(run.flow.room(), 0U);
}

TEST(Flow, WhatActedIsToldOnce) {
  FlowRun run;
  int told = 0;
  run.flow.on_act = [&](const std::string& name, const Obstacle& obstacle) {
    ++told;
    EXPECT_EQ(name, "slow");
    EXPECT_EQ(obstacle.delayed(), milliseconds(20));
  };
  run.set("slow", latency(milliseconds(20)));
  run.put("a");
  run.until(milliseconds(50));
  run.put("b");
  run.until(milliseconds(100));
  EXPECT_EQ(told, 1);
}

// Faults come, change and go at random while bytes pass: nothing is lost, doubled or out of order.
TEST(Flow, NothingIsLostWhateverComesAndGoes) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    FlowRun run;
    std::string sent;
    std::uint64_t nth = 0;
    const Chance chance{seed, "test", 0};
    const auto pick = [&](std::uint64_t below) {
      return static_cast<std::uint64_t>(chance.unit(nth++) * static_cast<double>(below));
    };
    for (int step = 0; step < 60; ++step) {
      const std::string name(1, static_cast<char>('a' + pick(3)));
      switch (pick(6)) {
        case 0: run.flow.withdraw(name, run.now()); break;
        case 1: run.set(name, latency(milliseconds(pick(50)))); break;
        case 2: run.set(name, Bandwidth{.rate = 1000 + pick(100'000)}); break;
        case 3:
          run.set(name, Slicer{.average_size = 1 + pick(20), .size_variation = 0, .delay = milliseconds(pick(3))});
          break;
        default: {
          const std::string bytes(1 + pick(300), static_cast<char>('A' + pick(26)));
          sent += bytes;
          run.put(bytes);
        }
      }
      run.forward(milliseconds(pick(20)));
    }
    run.end();
    for (const std::string& name : run.flow.names()) run.flow.withdraw(name, run.now());
    run.forward(milliseconds(1));
    ASSERT_EQ(run.bytes(), sent) << "seed " << seed;
    ASSERT_EQ(run.ended, End::Kind::in_order);
  }
}

}  // namespace
}  // namespace stormproof::faults
