#include "faults/bandwidth.h"

#include <gtest/gtest.h>

#include "tests/faults/flow_run.h"

namespace stormproof::faults {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(Bandwidth, BytesTakeAsLongAsTheLineNeedsFrom10KBTo100MBASecond) {
  for (const std::uint64_t rate : {10'000ULL, 123'456ULL, 1'000'000ULL, 100'000'000ULL}) {
    FlowRun run;
    run.set("line", Bandwidth{.rate = rate});
    std::uint64_t left = rate;  // one second of it
    for (int i = 0; i < 1100; ++i) {
      const std::size_t bytes = std::min<std::uint64_t>(run.flow.room(), left);
      if (bytes > 0) run.put(std::string(bytes, 'x'));
      left -= bytes;
      run.forward(milliseconds(1));
    }
    ASSERT_EQ(run.bytes().size(), rate);
    const double took = std::chrono::duration<double>(run.out().back().at).count();
    EXPECT_NEAR(took, 1.0, 0.005) << rate;
  }
}

TEST(Bandwidth, NoBurstAfterASilence) {
  FlowRun run;
  run.set("line", Bandwidth{.rate = 1000});
  run.until(seconds(5));
  run.put(std::string(100, 'x'));
  run.forward(milliseconds(99));
  EXPECT_EQ(run.bytes().size(), 90U);
  run.forward(milliseconds(1));
  EXPECT_EQ(run.bytes().size(), 100U);
}

TEST(Bandwidth, ALateTimerIsCaughtUpButNotForEver) {
  FlowRun run;
  run.set("line", Bandwidth{.rate = 100'000});
  run.put(std::string(60'000, 'x'));
  const auto held = [&] {
    std::size_t bytes = 0;
    while (!run.flow.out().empty()) bytes += run.flow.out().pop().left().size();
    return bytes;
  };
  run.flow.run(run.now() + milliseconds(40));
  EXPECT_EQ(held(), 4000U);
  run.flow.run(run.now() + milliseconds(340));
  EXPECT_LE(held(), 7000U) << "300 ms late: most of it is lost";
}

TEST(Bandwidth, NothingPassesAt0) {
  FlowRun run;
  run.set("line", Bandwidth{.rate = 0});
  run.put("abc");
  run.end();
  run.until(seconds(100));
  EXPECT_EQ(run.bytes(), "");
  EXPECT_FALSE(run.ended);
}

TEST(Bandwidth, SaysWhatMeansNothing) {
  EXPECT_TRUE((Bandwidth{.rate = Bandwidth::rate_max}.check()));
  EXPECT_FALSE((Bandwidth{.rate = Bandwidth::rate_max + 1}.check()));
}

}  // namespace
}  // namespace stormproof::faults
