#include "harness/base/task.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "harness/base/task_group.h"
#include "tests/base/gate.h"

namespace stormproof::base {
namespace {

// Says when it is destroyed.
struct Witness {
  explicit Witness(std::vector<std::string>& into, std::string name) : into_(into), name_(std::move(name)) {}
  Witness(const Witness&) = delete;
  Witness& operator=(const Witness&) = delete;
  ~Witness() { into_.push_back(name_); }

 private:
  std::vector<std::string>& into_;
  std::string name_;
};

template <typename T>
T run_now(Task<T> task) {
  std::optional<T> result;
  TaskGroup group;
  group.spawn([](Task<T> inner, std::optional<T>& into) -> Task<> { into = co_await std::move(inner); }(std::move(task),
                                                                                                        result));
  EXPECT_EQ(group.size(), 0u);
  return std::move(*result);
}

Task<int> number(int value) { co_return value; }

TEST(Task, GivesItsValue) { EXPECT_EQ(run_now(number(42)), 42); }

TEST(Task, IsLazy) {
  bool ran = false;
  {
    const auto task = [](bool& flag) -> Task<> {
      flag = true;
      co_return;
    }(ran);
    EXPECT_FALSE(ran);
  }
  EXPECT_FALSE(ran) << "a task that nobody awaits never runs";
}

TEST(Task, CarriesAMoveOnlyValueThroughAChain) {
  const auto inner = []() -> Task<std::unique_ptr<std::string>> { co_return std::make_unique<std::string>("whole"); };
  const auto outer = [](auto make) -> Task<std::unique_ptr<std::string>> {
    auto value = co_await make();
    value->append(" again");
    co_return value;
  };
  EXPECT_EQ(*run_now(outer(inner)), "whole again");
}

TEST(Task, GoesOnWhereItWaited) {
  Gate gate;
  std::vector<int> steps;
  TaskGroup group;
  group.spawn([](Gate& wait, std::vector<int>& into) -> Task<> {
    into.push_back(1);
    co_await wait;
    into.push_back(2);
  }(gate, steps));
  EXPECT_EQ(steps, std::vector<int>{1});
  ASSERT_TRUE(gate.awaited());
  gate.open();
  EXPECT_EQ(steps, (std::vector<int>{1, 2}));
  EXPECT_EQ(group.size(), 0u);
}

TEST(Task, DestroyedWhileSuspendedDestroysWhatItAwaits) {
  std::vector<std::string> gone;
  Gate gate;
  // Driven by hand, so that the outermost frame can be destroyed while it is suspended.
  const auto leaf = [](Gate& wait, std::vector<std::string>& into) -> Task<> {
    const Witness witness(into, "leaf");
    co_await wait;
  };
  const auto middle = [&leaf](Gate& wait, std::vector<std::string>& into) -> Task<> {
    const Witness witness(into, "middle");
    co_await leaf(wait, into);
  };
  {
    auto task = middle(gate, gone);
    auto awaiter = std::move(task).operator co_await();
    awaiter.await_suspend(std::noop_coroutine()).resume();
    ASSERT_TRUE(gate.awaited());
    EXPECT_TRUE(gone.empty());
  }
  EXPECT_EQ(gone, (std::vector<std::string>{"leaf", "middle"}));
}

TEST(Task, MovedFromOwnsNothing) {
  std::vector<std::string> gone;
  const auto make = [](std::vector<std::string>& into) -> Task<int> {
    const Witness witness(into, "ran");
    co_return 7;
  };
  auto first = make(gone);
  auto second = std::move(first);
  auto third = make(gone);
  third = std::move(second);
  EXPECT_EQ(run_now(std::move(third)), 7);
  EXPECT_EQ(gone, std::vector<std::string>{"ran"});
}

Task<std::uint64_t> depth(std::uint64_t levels) {
  if (levels == 0) co_return 0;
  co_return 1 + co_await depth(levels - 1);
}

TEST(Task, ALongLoopOfTasksDoesNotGrowTheStack) {
  const auto loop = [](std::uint64_t times) -> Task<std::uint64_t> {
    std::uint64_t sum = 0;
    for (std::uint64_t i = 0; i < times; ++i) sum += static_cast<std::uint64_t>(co_await number(1));
    co_return sum;
  };
  EXPECT_EQ(run_now(loop(300'000)), 300'000u);
}

TEST(Task, ReturnsThroughADeepChain) { EXPECT_EQ(run_now(depth(2'000)), 2'000u); }

TEST(TaskDeathTest, AnExceptionThatLeavesATaskEndsTheProgram) {
  const auto throws = []() -> Task<int> {
    throw 1;
    co_return 0;
  };
  EXPECT_DEATH(static_cast<void>(run_now(throws())), "");
}

}  // namespace
}  // namespace stormproof::base
