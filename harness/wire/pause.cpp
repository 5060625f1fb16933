#include "harness/wire/pause.h"

namespace stormproof::wire {

Pause::Wait Pause::lasting(std::chrono::nanoseconds duration) {
  const auto now = std::chrono::steady_clock::now();
  constexpr auto end_of_time = std::chrono::steady_clock::time_point::max();
  return until(duration < end_of_time - now ? now + duration : end_of_time);
}

void Pause::Wait::await_suspend(std::coroutine_handle<> waiter) {
  pause_.timer_.expires_at(until_);
  pause_.timer_.async_wait([waiter](const ErrorCode&) { waiter.resume(); });
}

void Pause::interrupt() {
  interrupted_ = true;
  timer_.cancel();
}

}  // namespace stormproof::wire
