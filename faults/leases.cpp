#include "faults/leases.h"

#include <algorithm>
#include <utility>

namespace stormproof::faults {

using SteadyClock = std::chrono::steady_clock;

Leases::Lease::~Lease() {
  if (stands_) all_.standing_.erase(at_);
}

void Leases::Lease::renew() {
  if (stands_) until_ = SteadyClock::now() + term_;
}

std::chrono::nanoseconds Leases::Lease::left() const {
  return stands_ ? std::max<std::chrono::nanoseconds>(until_ - SteadyClock::now(), std::chrono::nanoseconds(0))
                 : std::chrono::nanoseconds(0);
}

std::unique_ptr<Leases::Lease> Leases::grant(std::chrono::nanoseconds term, std::function<void()> end) {
  std::unique_ptr<Lease> lease(new Lease(*this, term, std::move(end)));
  lease->until_ = SteadyClock::now() + term;
  lease->at_ = standing_.insert(standing_.end(), lease.get());
  if (closing_) return lease;
  if (!std::exchange(watching_, true)) tasks_.spawn(watch());
  else pause_.interrupt();  // it may be due before those that are waited for
  return lease;
}

// One that was renewed meanwhile is not due yet, and is waited for again.
base::Task<> Leases::watch() {
  while (!closing_ && !standing_.empty()) {
    const auto next = std::ranges::min(standing_, {}, [](const Lease* lease) { return lease->until_; })->until_;
    co_await pause_.until(next);
    if (closing_) break;
    pause_.rearm();
    end_what_is_due();
  }
  watching_ = false;
}

// An end may grant and destroy others.
void Leases::end_what_is_due() {
  const auto now = SteadyClock::now();
  while (true) {
    const auto due = std::ranges::find_if(standing_, [&](const Lease* lease) { return lease->until_ <= now; });
    if (due == standing_.end()) return;
    Lease& lease = **due;
    standing_.erase(due);
    lease.stands_ = false;
    const auto end = std::move(lease.end_);
    end();
  }
}

base::Task<> Leases::close() {
  closing_ = true;
  pause_.interrupt();
  tasks_.close();
  co_await tasks_.drained();
}

}  // namespace stormproof::faults
