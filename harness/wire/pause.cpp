#include "harness/wire/pause.h"

namespace stormproof::wire {

void Pause::Wait::await_suspend(std::coroutine_handle<> waiter) {
  pause_.timer_.expires_at(until_);
  pause_.timer_.async_wait([waiter](const ErrorCode&) { waiter.resume(); });
}

void Pause::interrupt() {
  interrupted_ = true;
  timer_.cancel();
}

}  // namespace stormproof::wire
