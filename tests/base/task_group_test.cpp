#include "harness/base/task_group.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace stormproof::base {
namespace {

// Waits until open() is called or the group is asked to stop.
class Gate final : public StopHook {
 public:
  explicit Gate(Stop& stop) : StopHook(stop) {}
  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> waiting) { waiting_ = waiting; }
  void await_resume() const {}
  void open() {
    if (waiting_) std::exchange(waiting_, nullptr).resume();
  }

 private:
  void on_stop() override { open(); }
  std::coroutine_handle<> waiting_;
};

Task<> wait_once(Gate& gate, int& ended) {
  co_await gate;
  ++ended;
}

Task<> note_drained(TaskGroup& group, bool& drained) {
  co_await group.drained();
  drained = true;
}

TEST(TaskGroup, RunsATaskUpToItsFirstWaitAndKeepsIt) {
  TaskGroup group;
  Gate gate(group.stop());
  int ended = 0;
  group.spawn(wait_once(gate, ended));
  EXPECT_EQ(group.size(), 1u);
  EXPECT_EQ(ended, 0);
  gate.open();
  EXPECT_EQ(group.size(), 0u);
  EXPECT_EQ(ended, 1);
}

TEST(TaskGroup, CloseAsksAllToStop) {
  TaskGroup group;
  Gate a(group.stop());
  Gate b(group.stop());
  int ended = 0;
  group.spawn(wait_once(a, ended));
  group.spawn(wait_once(b, ended));
  group.close();
  EXPECT_TRUE(group.stop().requested());
  EXPECT_EQ(ended, 2);
  EXPECT_EQ(group.size(), 0u);
}

TEST(TaskGroup, LetsNoNewTaskInAfterClose) {
  TaskGroup group;
  group.close();
  bool ran = false;
  auto owned = std::make_shared<int>(1);
  group.spawn([](bool& flag, std::shared_ptr<int>) -> Task<> {
    flag = true;
    co_return;
  }(ran, owned));
  EXPECT_FALSE(ran);
  EXPECT_EQ(group.size(), 0u);
  EXPECT_EQ(owned.use_count(), 1) << "the task that was refused is destroyed";
}

TEST(TaskGroup, DrainedCompletesAtOnceWhenEmpty) {
  TaskGroup group;
  TaskGroup waiters;
  bool drained = false;
  waiters.spawn(note_drained(group, drained));
  EXPECT_TRUE(drained);
}

TEST(TaskGroup, DrainedCompletesWithTheLastTask) {
  TaskGroup group;
  TaskGroup waiters;
  Gate a(group.stop());
  Gate b(group.stop());
  int ended = 0;
  bool drained = false;
  group.spawn(wait_once(a, ended));
  group.spawn(wait_once(b, ended));
  waiters.spawn(note_drained(group, drained));
  a.open();
  EXPECT_FALSE(drained);
  b.open();
  EXPECT_TRUE(drained);
}

TEST(TaskGroup, ATaskMaySpawnAnother) {
  TaskGroup group;
  Gate gate(group.stop());
  int ended = 0;
  group.spawn([](TaskGroup& into, Gate& wait, int& count) -> Task<> {
    into.spawn(wait_once(wait, count));
    co_return;
  }(group, gate, ended));
  EXPECT_EQ(group.size(), 1u);
  gate.open();
  EXPECT_EQ(ended, 1);
}

TEST(TaskGroup, ATasksFrameIsGoneBeforeTheGroupIsDrained) {
  TaskGroup group;
  TaskGroup waiters;
  Gate gate(group.stop());
  const auto owned = std::make_shared<int>(1);
  long seen = 0;
  group.spawn([](Gate& wait, std::shared_ptr<int>) -> Task<> { co_await wait; }(gate, owned));
  waiters.spawn([](TaskGroup& of, const std::shared_ptr<int>& what, long& uses) -> Task<> {
    co_await of.drained();
    uses = what.use_count();
  }(group, owned, seen));
  EXPECT_EQ(owned.use_count(), 2);
  gate.open();
  EXPECT_EQ(seen, 1);
}

TEST(TaskGroup, TheOneWhoAwaitsItsDrainingMayDestroyIt) {
  auto group = std::make_unique<TaskGroup>();
  TaskGroup waiters;
  Stop never;
  Gate gate(never);
  int ended = 0;
  group->spawn(wait_once(gate, ended));
  waiters.spawn([](std::unique_ptr<TaskGroup>& owned) -> Task<> {
    co_await owned->drained();
    owned.reset();
  }(group));
  gate.open();
  EXPECT_EQ(group, nullptr);
  EXPECT_EQ(ended, 1);
}

TEST(TaskGroup, ManyTasksEndInAnyOrder) {
  TaskGroup group;
  int ended = 0;
  std::vector<std::unique_ptr<Gate>> gates;
  for (int i = 0; i < 1000; ++i) {
    gates.push_back(std::make_unique<Gate>(group.stop()));
    group.spawn(wait_once(*gates.back(), ended));
  }
  for (std::size_t i = 0; i < gates.size(); i += 2) gates[i]->open();
  EXPECT_EQ(group.size(), 500u);
  group.close();
  EXPECT_EQ(group.size(), 0u);
  EXPECT_EQ(ended, 1000);
}

}  // namespace
}  // namespace stormproof::base
