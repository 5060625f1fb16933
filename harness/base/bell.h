// Bell: lets one thread sleep until another has something for it, without a lock and without polling.
//
// Whoever has put something where the sleeper looks calls ring_for(): one load while the sleeper is awake. A sleeper that
// knows that more will come may nap instead: it is rung only for what cannot wait, and finds the rest when it wakes by
// itself. Any number of threads may ring; one thread sleeps.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <semaphore>

namespace stormproof::base {

class Bell {
 public:
  // The sleeper: returns when `something` (a look at what others put there, with sequentially consistent loads) is true,
  // when the bell was rung, or after `at_most`. It may return early: the sleeper looks for itself.
  template <typename Something>
  void wait(std::chrono::nanoseconds at_most, Something something) {
    rest(State::asleep, at_most, something);
  }

  // The same, but only rung for what is `urgent`, and by ring().
  template <typename Urgent>
  void nap(std::chrono::nanoseconds at_most, Urgent urgent) {
    rest(State::napping, at_most, urgent);
  }

  // Any thread, after a sequentially consistent store of what it put there: either the sleeper sees that, or it is seen
  // asleep here. `urgent` is asked only while it naps.
  template <typename Urgent>
  void ring_for(Urgent urgent) {
    const State state = state_.load(std::memory_order_seq_cst);
    if (state == State::asleep || (state == State::napping && urgent())) ring();
  }

  // Any thread: ends the sleep that is under way, if one is. Whoever makes the state awake releases, once. A release that
  // comes after a time-out ends the next sleep early.
  void ring() {
    if (state_.exchange(State::awake, std::memory_order_seq_cst) != State::awake) bell_.release();
  }

 private:
  enum class State : std::uint8_t { awake, asleep, napping };

  template <typename Something>
  void rest(State state, std::chrono::nanoseconds at_most, Something something) {
    state_.store(state, std::memory_order_seq_cst);
    if (!something()) static_cast<void>(bell_.try_acquire_for(at_most));
    state_.store(State::awake, std::memory_order_seq_cst);
  }

  alignas(64) std::atomic<State> state_{State::awake};
  std::counting_semaphore<> bell_{0};
};

}  // namespace stormproof::base
