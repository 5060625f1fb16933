#include "harness/base/task_group.h"

#include <cassert>

namespace stormproof::base {

// A coroutine that frees itself at its end: the one detached thing, counted by its group.
struct TaskGroup::Root {
  struct promise_type {
    static void* operator new(std::size_t bytes) { return FramePool::take(bytes); }
    static void operator delete(void* frame, std::size_t bytes) { FramePool::give(frame, bytes); }
    Root get_return_object() const noexcept { return {}; }
    std::suspend_never initial_suspend() const noexcept { return {}; }
    std::suspend_never final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    [[noreturn]] void unhandled_exception() const noexcept { std::terminate(); }
  };
};

TaskGroup::~TaskGroup() { assert(running_ == 0 && "a task group is drained before it is destroyed"); }

TaskGroup::Root TaskGroup::run(TaskGroup& group, Task<> task) {
  {
    Task<> owned = std::move(task);  // its frame is gone before the group hears of the end
    co_await std::move(owned);
  }
  group.ended();
}

void TaskGroup::spawn(Task<> task) {
  if (stop_.requested()) return;
  ++running_;
  run(*this, std::move(task));
}

void TaskGroup::close() { stop_.request(); }

void TaskGroup::ended() {
  --running_;
  if (running_ == 0 && waiter_) std::exchange(waiter_, nullptr).resume();
}

}  // namespace stormproof::base
