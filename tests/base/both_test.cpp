#include "harness/base/both.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "harness/base/task_group.h"
#include "tests/base/gate.h"

namespace stormproof::base {
namespace {

using Steps = std::vector<std::string>;

Task<> step(Gate* gate, std::string name, Steps& steps) {
  steps.push_back(name + " begins");
  if (gate != nullptr) co_await *gate;
  steps.push_back(name + " ends");
}

Task<> await_both(Gate* a, Gate* b, Steps& steps) {
  co_await both(step(a, "a", steps), step(b, "b", steps));
  steps.emplace_back("both");
}

TEST(Both, StartsBothAndEndsWithTheSecond) {
  Gate a;
  Gate b;
  Steps steps;
  TaskGroup group;
  group.spawn(await_both(&a, &b, steps));
  EXPECT_EQ(steps, (Steps{"a begins", "b begins"}));
  a.open();
  EXPECT_EQ(steps.back(), "a ends");
  b.open();
  EXPECT_EQ(steps, (Steps{"a begins", "b begins", "a ends", "b ends", "both"}));
  EXPECT_EQ(group.size(), 0u);
}

TEST(Both, TheyMayEndInTheOtherOrder) {
  Gate a;
  Gate b;
  Steps steps;
  TaskGroup group;
  group.spawn(await_both(&a, &b, steps));
  b.open();
  EXPECT_EQ(group.size(), 1u);
  a.open();
  EXPECT_EQ(steps.back(), "both");
  EXPECT_EQ(group.size(), 0u);
}

TEST(Both, OneOrBothMayEndAtOnce) {
  for (const int waits : {0, 1, 2}) {
    Gate gate;
    Steps steps;
    TaskGroup group;
    group.spawn(await_both(waits == 1 ? &gate : nullptr, waits == 2 ? &gate : nullptr, steps));
    if (waits != 0) {
      EXPECT_NE(steps.back(), "both");
      gate.open();
    }
    EXPECT_EQ(steps.back(), "both");
    EXPECT_EQ(group.size(), 0u);
  }
}

TEST(Both, ALongLoopDoesNotGrowTheStack) {
  Steps steps;
  TaskGroup group;
  int rounds = 0;
  group.spawn([](int& count) -> Task<> {
    const auto nothing = []() -> Task<> { co_return; };
    for (; count < 100'000; ++count) co_await both(nothing(), nothing());
  }(rounds));
  EXPECT_EQ(rounds, 100'000);
}

}  // namespace
}  // namespace stormproof::base
