#include "tests/subjects/shop/breaker.h"

namespace stormproof::subjects {

std::optional<Breaker::Permit> Breaker::ask(Instant now) {
  const std::lock_guard lock(mutex_);
  if (state_ == State::half_open) return std::nullopt;  // its one probe is under way
  if (state_ == State::open) {
    if (now - opened_ < options_.sleep) return std::nullopt;
    change(State::half_open, "halfOpen");
  }
  return Permit{era_};
}

void Breaker::report(Permit permit, bool success, Instant now) {
  const std::lock_guard lock(mutex_);
  if (permit.era != era_) return;
  failures_ = success ? 0 : failures_ + 1;
  if (success && state_ == State::half_open) change(State::closed, "close");
  const int limit = state_ == State::half_open ? 1 : options_.failures_to_open;
  if (failures_ >= limit && options_.opens) {
    opened_ = now;
    change(State::open, "open");
  }
}

void Breaker::change(State to, std::string_view name) {
  state_ = to;
  failures_ = 0;
  ++era_;
  if (on_change_) on_change_(name);
}

}  // namespace stormproof::subjects
