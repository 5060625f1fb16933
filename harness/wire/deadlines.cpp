#include "harness/wire/deadlines.h"

#include <algorithm>
#include <ctime>

namespace stormproof::wire {
namespace {

// steady_clock, up to one tick of the kernel old.
std::chrono::steady_clock::time_point coarse_now() {
  timespec now = {};
  ::clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return std::chrono::steady_clock::time_point(std::chrono::seconds(now.tv_sec) +
                                               std::chrono::nanoseconds(now.tv_nsec));
}

// More than a tick of the kernel at 100 Hz: added to a coarse instant, it keeps the promise "never early".
constexpr std::chrono::milliseconds coarseness{10};

constexpr std::chrono::nanoseconds longest = std::chrono::hours(24 * 365);

std::chrono::steady_clock::time_point after(std::chrono::nanoseconds from_now) {
  return coarse_now() + std::min(from_now, longest) + coarseness;
}

}  // namespace

Deadlines::Deadlines(IoContext& io) : timer_(io), self_(std::make_shared<Deadlines*>(this)) {}

Deadlines::~Deadlines() { *self_ = nullptr; }

Deadlines::Entry::Entry(Deadlines& deadlines) : deadlines_(deadlines), next_(deadlines.first_) {
  if (next_ != nullptr) next_->previous_ = this;
  deadlines_.first_ = this;
  deadlines_.go_on();
}

Deadlines::Entry::~Entry() {
  if (deadlines_.sweeping_ == this) deadlines_.sweeping_ = next_;
  if (previous_ != nullptr) previous_->next_ = next_;
  else deadlines_.first_ = next_;
  if (next_ != nullptr) next_->previous_ = previous_;
  if (deadlines_.first_ == nullptr) deadlines_.timer_.cancel();
}

void Deadlines::Entry::set(std::chrono::nanoseconds from_now) {
  at_ = from_now.count() <= 0 ? end_ : std::min(after(from_now), end_);
}

void Deadlines::Entry::set_end(std::chrono::nanoseconds from_now) {
  if (from_now.count() <= 0) {
    if (at_ == end_) at_ = none;
    end_ = none;
    return;
  }
  end_ = after(from_now);
  at_ = std::min(at_, end_);
}

void Deadlines::go_on() {
  if (ticking_ || first_ == nullptr) return;
  ticking_ = true;
  timer_.expires_after(resolution);
  timer_.async_wait([self = self_](const ErrorCode&) {
    if (*self != nullptr) (*self)->sweep();
  });
}

void Deadlines::sweep() {
  ticking_ = false;
  const auto now = std::chrono::steady_clock::now();
  for (Entry* entry = first_; entry != nullptr; entry = sweeping_) {
    sweeping_ = entry->next_;
    if (entry->at_ > now) continue;
    entry->at_end_ = entry->at_ == entry->end_;
    entry->clear();
    entry->on_deadline();
  }
  go_on();
}

}  // namespace stormproof::wire
