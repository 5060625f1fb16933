// Pause: a wait for an instant that can be cut short. One waiter at a time; one thread.
//
// Exact to the timer of the kernel, for faults and pacing; timeouts use Deadlines. After interrupt() the present wait
// and every later one end at once, until rearm().
#pragma once

#include <chrono>
#include <coroutine>

#include "harness/wire/net.h"

namespace stormproof::wire {

class Pause {
 public:
  explicit Pause(IoContext& io) : timer_(io) {}
  Pause(const Pause&) = delete;
  Pause& operator=(const Pause&) = delete;

  class Wait {
   public:
    Wait(Pause& pause, std::chrono::steady_clock::time_point until) : pause_(pause), until_(until) {}
    bool await_ready() const { return pause_.interrupted_; }
    void await_suspend(std::coroutine_handle<> waiter);
    // True: the instant came. False: interrupted.
    bool await_resume() const { return !pause_.interrupted_; }

   private:
    Pause& pause_;
    std::chrono::steady_clock::time_point until_;
  };
  Wait until(std::chrono::steady_clock::time_point instant) { return {*this, instant}; }
  Wait lasting(std::chrono::nanoseconds duration);
  // Only an interruption ends it.
  Wait forever() { return until(std::chrono::steady_clock::time_point::max()); }

  void interrupt();
  void rearm() { interrupted_ = false; }

 private:
  Timer timer_;
  bool interrupted_ = false;
};

}  // namespace stormproof::wire
