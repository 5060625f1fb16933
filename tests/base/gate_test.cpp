#include "tests/base/gate.h"

#include <gtest/gtest.h>

#include "harness/base/task_group.h"

namespace stormproof::base {
namespace {

TEST(Gate, LetsWhoeverWaitsGoOn) {
  Gate gate;
  bool passed = false;
  TaskGroup group;
  group.spawn([](Gate& wait, bool& done) -> Task<> {
    co_await wait;
    done = true;
  }(gate, passed));
  EXPECT_TRUE(gate.awaited());
  EXPECT_FALSE(passed);
  gate.open();
  EXPECT_FALSE(gate.awaited());
  EXPECT_TRUE(passed);
}

}  // namespace
}  // namespace stormproof::base
