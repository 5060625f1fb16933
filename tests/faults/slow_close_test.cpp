#include "faults/slow_close.h"

#include <gtest/gtest.h>

#include "tests/faults/flow_run.h"

namespace stormproof::faults {
namespace {

using std::chrono::milliseconds;

TEST(SlowClose, HoldsOnlyTheEnd) {
  FlowRun run;
  run.set("close", SlowClose{.delay = milliseconds(100)});
  run.put("abc");
  run.end();
  run.until(milliseconds(99));
  EXPECT_EQ(run.out(), (std::vector<FlowRun::Out>{{milliseconds(0), "abc"}}));
  EXPECT_FALSE(run.ended);
  run.until(milliseconds(101));
  EXPECT_EQ(run.ended, End::Kind::in_order);
  EXPECT_EQ(run.ended_at, milliseconds(100));
  EXPECT_FALSE((SlowClose{.delay = milliseconds(-1)}.check()));
}

}  // namespace
}  // namespace stormproof::faults
