#include "harness/proxy/loop_delay.h"

#include <algorithm>

namespace stormproof::proxy {

void DelayWindow::add(base::Nanoseconds delay) {
  delays_[next_] = std::max<std::int64_t>(delay.count(), 0);
  next_ = (next_ + 1) % size;
  count_ = std::min(count_ + 1, size);
}

std::optional<base::Nanoseconds> DelayWindow::p99() {
  if (count_ < judged_from) return std::nullopt;
  const auto end = std::copy_n(delays_.begin(), count_, sorted_.begin());
  const auto rank = sorted_.begin() + static_cast<std::ptrdiff_t>((count_ * 99 + 99) / 100 - 1);
  std::nth_element(sorted_.begin(), rank, end);
  return base::Nanoseconds(*rank);
}

LoopDelay::LoopDelay(wire::IoContext& io)
    : timer_(io), due_(std::chrono::steady_clock::now() + tick), self_(std::make_shared<LoopDelay*>(this)) {
  wait();
}

LoopDelay::~LoopDelay() { *self_ = nullptr; }

void LoopDelay::wait() {
  timer_.expires_at(due_);
  timer_.async_wait([self = self_](const wire::ErrorCode&) {
    if (*self != nullptr) (*self)->on_tick();
  });
}

void LoopDelay::on_tick() {
  const auto now = std::chrono::steady_clock::now();
  due_ = std::max(due_, now - window);  // a longer stop fills the window as well
  for (; due_ <= now; due_ += tick) window_.add(now - due_);
  wait();
}

}  // namespace stormproof::proxy
