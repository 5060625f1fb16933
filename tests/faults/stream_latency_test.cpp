#include "faults/stream_latency.h"

#include <gtest/gtest.h>

#include "tests/faults/flow_run.h"

namespace stormproof::faults {
namespace {

using std::chrono::milliseconds;

TEST(StreamLatency, DelaysOverlapAndAStreamIsNotSlowed) {
  FlowRun run;
  run.set("slow", StreamLatency{.distribution = {.base = milliseconds(100)}});
  for (int i = 0; i < 10; ++i) {
    run.put(std::to_string(i));
    run.forward(milliseconds(10));
  }
  run.end();
  run.until(milliseconds(1000));
  ASSERT_EQ(run.out().size(), 10U);
  for (int i = 0; i < 10; ++i)
    EXPECT_EQ(run.out()[static_cast<std::size_t>(i)], (FlowRun::Out{milliseconds(100 + 10 * i), std::to_string(i)}));
  EXPECT_EQ(run.ended_at, milliseconds(200)) << "the end travels, too";
}

TEST(StreamLatency, JitterKeepsTheOrderAndTheBounds) {
  FlowRun run;
  run.set("slow", StreamLatency{.distribution = {.kind = Distribution::Kind::uniform,
                                                 .base = milliseconds(50),
                                                 .jitter = milliseconds(40)}});
  std::string sent;
  for (int i = 0; i < 200; ++i) {
    sent += static_cast<char>('a' + i % 26);
    run.put(std::string(1, sent.back()));
    run.forward(milliseconds(1));
  }
  run.until(milliseconds(1000));
  EXPECT_EQ(run.bytes(), sent);
  for (std::size_t i = 0; i < run.out().size(); ++i) {
    EXPECT_GE(run.out()[i].at, milliseconds(10 + i));
    EXPECT_LT(run.out()[i].at, milliseconds(90 + i)) << "one that waits for those before it waits no longer than they";
  }
}

TEST(StreamLatency, TheSameConnectionMeetsTheSameDelays) {
  const auto times = [](std::uint64_t connection, std::uint64_t seed) {
    FlowRun run;
    run.set(
        "slow",
        StreamLatency{
            .distribution = {.kind = Distribution::Kind::normal, .base = milliseconds(50), .jitter = milliseconds(9)}},
        connection, seed);
    for (int i = 0; i < 20; ++i) {
      run.put("x");
      run.forward(milliseconds(100));
    }
    return run.out();
  };
  EXPECT_EQ(times(3, 1), times(3, 1));
  EXPECT_NE(times(3, 1), times(4, 1));
  EXPECT_NE(times(3, 1), times(3, 2));
}

}  // namespace
}  // namespace stormproof::faults
