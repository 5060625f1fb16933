// Bell: lets one thread sleep until another has something for it, without a lock and without polling.
//
// Whoever has put something where the sleeper looks calls ring_if_asleep(): one load while the sleeper is awake. Any
// number of threads may ring; one thread waits.
#pragma once

#include <atomic>
#include <chrono>
#include <semaphore>

namespace stormproof::base {

class Bell {
 public:
  // The sleeper: returns when `something` (a look at what others put there, with sequentially consistent loads) is true,
  // when the bell was rung, or after `at_most`. It may return early: the sleeper looks for itself.
  template <typename Something>
  void wait(std::chrono::nanoseconds at_most, Something something) {
    sleeping_.store(true, std::memory_order_seq_cst);
    if (!something()) static_cast<void>(bell_.try_acquire_for(at_most));
    sleeping_.store(false, std::memory_order_seq_cst);
  }

  // Any thread, after a sequentially consistent store of what it put there: either the sleeper sees that, or it is seen
  // asleep here.
  void ring_if_asleep() {
    if (sleeping_.load(std::memory_order_seq_cst)) ring();
  }

  // Any thread: ends the wait() that is under way, if one is. Whoever turns sleeping_ off releases, once. A release that
  // comes after a time-out ends the next wait early.
  void ring() {
    if (sleeping_.exchange(false, std::memory_order_seq_cst)) bell_.release();
  }

 private:
  alignas(64) std::atomic<bool> sleeping_{false};
  std::counting_semaphore<> bell_{0};
};

}  // namespace stormproof::base
