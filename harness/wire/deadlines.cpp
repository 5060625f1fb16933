#include "harness/wire/deadlines.h"

#include <cassert>

namespace stormproof::wire {

Deadlines::Deadlines(IoContext& io) : timer_(io), now_(std::chrono::steady_clock::now()) {}

Deadlines::Entry::Entry(Deadlines& deadlines) : deadlines_(deadlines), next_(deadlines.first_) {
  if (next_ != nullptr) next_->previous_ = this;
  deadlines_.first_ = this;
  deadlines_.rest_or_go_on();
}

Deadlines::Entry::~Entry() {
  if (deadlines_.sweeping_ == this) deadlines_.sweeping_ = next_;
  if (previous_ != nullptr) previous_->next_ = next_;
  else deadlines_.first_ = next_;
  if (next_ != nullptr) next_->previous_ = previous_;
  deadlines_.rest_or_go_on();
}

void Deadlines::Entry::set(std::chrono::nanoseconds from_now) {
  // now_ is at most one resolution old: adding one keeps the promise "never early".
  at_ = from_now.count() <= 0 ? none : deadlines_.now_ + from_now + resolution;
}

void Deadlines::rest_or_go_on() {
  if (first_ == nullptr) {
    timer_.cancel();
    return;
  }
  if (ticking_) return;
  ticking_ = true;
  now_ = std::chrono::steady_clock::now();
  timer_.expires_at(now_ + resolution);
  timer_.async_wait([this](const ErrorCode& code) {
    if (code == asio::error::operation_aborted && first_ == nullptr) {
      ticking_ = false;
      return;
    }
    sweep();
  });
}

void Deadlines::sweep() {
  now_ = std::chrono::steady_clock::now();
  for (Entry* entry = first_; entry != nullptr; entry = sweeping_) {
    sweeping_ = entry->next_;
    if (entry->at_ > now_) continue;
    entry->clear();
    entry->on_deadline();
  }
  ticking_ = false;
  rest_or_go_on();
}

}  // namespace stormproof::wire
