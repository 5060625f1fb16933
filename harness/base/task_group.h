// TaskGroup: owns tasks that run on their own; nothing is detached anywhere else.
//
// spawn() runs a task up to its first wait and keeps it until it ends. close() asks all to stop (through stop()) and
// lets no new one in; drained() completes when the last has ended. A group must be drained before it is destroyed.
// One thread.
#pragma once

#include <coroutine>
#include <cstddef>

#include "harness/base/stop.h"
#include "harness/base/task.h"

namespace stormproof::base {

class TaskGroup {
 public:
  TaskGroup() = default;
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;
  ~TaskGroup();

  // After close() the task is destroyed unrun.
  void spawn(Task<> task);

  void close();
  Stop& stop() { return stop_; }
  std::size_t size() const { return running_; }

  struct Drained {
    TaskGroup& group;
    bool await_ready() const { return group.running_ == 0; }
    void await_suspend(std::coroutine_handle<> awaiting) const { group.waiter_ = awaiting; }
    void await_resume() const {}
  };
  // At most one awaiter, which is no task of the group.
  Drained drained() { return Drained{*this}; }

 private:
  struct Root;
  static Root run(TaskGroup& group, Task<> task);
  void ended();

  Stop stop_;
  std::size_t running_ = 0;
  std::coroutine_handle<> waiter_;
};

}  // namespace stormproof::base
