#include "faults/reset.h"

#include <gtest/gtest.h>

#include "tests/faults/flow_run.h"

namespace stormproof::faults {
namespace {

using std::chrono::milliseconds;

TEST(Reset, TheFirstByteOrTheEndResets) {
  FlowRun byte;
  byte.set("reset", Reset{});
  byte.until(milliseconds(50));
  EXPECT_FALSE(byte.ended);
  byte.put("x");
  byte.forward(milliseconds(0));
  EXPECT_EQ(byte.ended, End::Kind::reset);
  EXPECT_EQ(byte.bytes(), "");
  FlowRun end;
  end.set("reset", Reset{});
  end.end();
  end.until(milliseconds(0));
  EXPECT_EQ(end.ended, End::Kind::reset);
}

TEST(Reset, TheTimeRunsFromTheFirstByteAndIsNotStartedAnew) {
  FlowRun run;
  run.set("reset", Reset{.after = milliseconds(100)});
  run.until(milliseconds(50));
  run.put("x");
  run.until(milliseconds(100));
  run.put("y");
  run.until(milliseconds(500));
  EXPECT_EQ(run.ended_at, milliseconds(150));
  EXPECT_EQ(run.bytes(), "");
}

TEST(Reset, FromTheStartBytesPassUntilThen) {
  FlowRun run;
  run.set("reset", Reset{.after = milliseconds(100), .from_start = true});
  run.until(milliseconds(50));
  run.put("abc");
  run.until(milliseconds(300));
  EXPECT_EQ(run.bytes(), "abc");
  EXPECT_EQ(run.ended_at, milliseconds(100));
  EXPECT_FALSE((Reset{.after_bytes = 1, .from_start = true}.check()));
  EXPECT_FALSE((Reset{.after = milliseconds(-1)}.check()));
}

}  // namespace
}  // namespace stormproof::faults
