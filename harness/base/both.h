// both(a, b): awaits two tasks that run at the same time on one thread; done when both are.
#pragma once

#include <coroutine>
#include <utility>

#include "harness/base/task.h"

namespace stormproof::base {

namespace detail {

// Runs one of the two and frees itself; the second to end resumes the awaiter.
struct Half {
  struct promise_type : PromiseBase {
    Half get_return_object() const noexcept { return {}; }
    std::suspend_never initial_suspend() const noexcept { return {}; }
    std::suspend_never final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
  };
};

class Both {
 public:
  Both(Task<> first, Task<> second) : first_(std::move(first)), second_(std::move(second)) {}

  bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> awaiting) {
    awaiting_ = awaiting;
    run(*this, first_);
    run(*this, second_);
    return --left_ != 0;  // the third count is our own: both may have ended already
  }
  void await_resume() const noexcept {}

 private:
  static Half run(Both& both, Task<>& task) {
    co_await std::move(task);
    if (--both.left_ == 0) both.awaiting_.resume();
  }

  Task<> first_;
  Task<> second_;
  int left_ = 3;
  std::coroutine_handle<> awaiting_;
};

}  // namespace detail

inline detail::Both both(Task<> first, Task<> second) { return {std::move(first), std::move(second)}; }

}  // namespace stormproof::base
