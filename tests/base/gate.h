// Gate: something to wait for: who awaits it sleeps until open() is called.
#pragma once

#include <coroutine>
#include <utility>

namespace stormproof::base {

class Gate {
 public:
  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> waiting) { waiting_ = waiting; }
  void await_resume() const {}
  void open() { std::exchange(waiting_, nullptr).resume(); }
  bool awaited() const { return waiting_ != nullptr; }

 private:
  std::coroutine_handle<> waiting_;
};

}  // namespace stormproof::base
