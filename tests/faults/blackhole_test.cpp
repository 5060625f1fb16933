#include "faults/blackhole.h"

#include <gtest/gtest.h>

#include "tests/faults/flow_run.h"

namespace stormproof::faults {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(Blackhole, BytesVanishAndDoNotStartTheTimeAnew) {
  FlowRun run;
  run.set("hole", Blackhole{.close_after = milliseconds(100)});
  for (int i = 0; i < 9; ++i) {
    run.put("x");
    run.forward(milliseconds(10));
  }
  EXPECT_FALSE(run.ended);
  run.until(milliseconds(200));
  EXPECT_EQ(run.bytes(), "");
  EXPECT_EQ(run.ended, End::Kind::cut);
  EXPECT_EQ(run.ended_at, milliseconds(100));
}

TEST(Blackhole, At0ItNeverClosesButGoingItDoes) {
  FlowRun run;
  run.set("hole", Blackhole{});
  run.put("x");
  run.until(seconds(1000));
  EXPECT_FALSE(run.ended);
  run.flow.withdraw("hole", run.now());
  run.forward(milliseconds(0));
  EXPECT_EQ(run.ended, End::Kind::cut);
  EXPECT_EQ(run.bytes(), "");
}

TEST(Blackhole, AChangeDoesNotStartTheTimeAnew) {
  FlowRun run;
  run.set("hole", Blackhole{.close_after = seconds(100)});
  run.until(milliseconds(90));
  run.set("hole", Blackhole{.close_after = milliseconds(100)});
  run.until(milliseconds(300));
  EXPECT_EQ(run.ended_at, milliseconds(100));
  EXPECT_FALSE((Blackhole{.close_after = milliseconds(-1)}.check()));
}

}  // namespace
}  // namespace stormproof::faults
