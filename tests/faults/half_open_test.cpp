#include "faults/half_open.h"

#include <gtest/gtest.h>

#include "tests/faults/flow_run.h"

namespace stormproof::faults {
namespace {

using std::chrono::milliseconds;

TEST(HalfOpen, AfterSomeBytesBothDirectionsAreSilent) {
  const HalfOpen fault{.after_bytes = 3};
  const auto state = std::make_shared<HalfOpenState>();
  FlowRun down;
  FlowRun up;
  down.flow.set("gone", fault.obstacle(state, true));
  up.flow.set("gone", fault.obstacle(state, false));
  up.put("request");
  up.until(milliseconds(1));
  EXPECT_EQ(up.bytes(), "request");
  down.put("abcdef");
  down.end();
  down.until(milliseconds(2));
  EXPECT_EQ(down.bytes(), "abc");
  EXPECT_FALSE(down.ended) << "it is never told";
  EXPECT_TRUE(down.flow.silent());
  up.put("more");
  up.until(milliseconds(3));
  EXPECT_EQ(up.bytes(), "request");
  down.flow.withdraw("gone", down.now());
  down.forward(milliseconds(0));
  EXPECT_EQ(down.ended, End::Kind::reset) << "the peer that is back knows nothing of it";
}

TEST(HalfOpen, AfterATimeFromTheStart) {
  const HalfOpen fault{.after = milliseconds(50)};
  FlowRun down;
  down.flow.set("gone", fault.obstacle(std::make_shared<HalfOpenState>(), true));
  down.put("a");
  down.until(milliseconds(40));
  EXPECT_EQ(down.bytes(), "a");
  down.until(milliseconds(60));
  down.put("b");
  down.until(milliseconds(100));
  EXPECT_EQ(down.bytes(), "a");
  EXPECT_FALSE((HalfOpen{.after = milliseconds(-1)}.check()));
}

}  // namespace
}  // namespace stormproof::faults
