#include "tests/subjects/suspect/guard.h"

namespace stormproof::subjects {

std::optional<Guard::Permit> Guard::ask(Instant now) {
  const std::lock_guard lock(mutex_);
  if (state_ == State::half_open) return refuse();  // its one probe is under way
  if (state_ == State::open) {
    if (now - opened_ < options_.sleep || options_.defect == Defect::never_half_opens) return refuse();
    change(State::half_open, "halfOpen");
  }
  return Permit{.era = era_};
}

std::optional<Guard::Permit> Guard::refuse() {
  const bool leaks =
      options_.defect == Defect::leaks && std::uniform_real_distribution<double>(0, 1)(random_) < leak_share;
  if (!leaks && options_.defect != Defect::retry_bypass) return std::nullopt;
  if (on_change_) on_change_("leak");
  return Permit{.era = era_, .past = true};
}

void Guard::report(Permit permit, bool success, Instant now) {
  const std::lock_guard lock(mutex_);
  if (permit.past) return;
  if (permit.era != era_) {
    if (success && state_ != State::closed && options_.defect == Defect::closes_on_straggler)
      change(State::closed, "close");
    return;
  }
  failures_ = success ? 0 : failures_ + 1;
  if (success && state_ == State::half_open) {
    if (options_.defect != Defect::stuck_half_open) return change(State::closed, "close");
    opened_ = now;
    return change(State::open, "open");
  }
  const int limit = state_ == State::half_open ? 1 : options_.failures_to_open;
  if (failures_ >= limit && options_.defect != Defect::never_opens) {
    opened_ = now;
    change(State::open, "open");
  }
}

void Guard::change(State to, std::string_view name) {
  state_ = to;
  failures_ = 0;
  ++era_;
  if (on_change_) on_change_(name);
}

}  // namespace stormproof::subjects
