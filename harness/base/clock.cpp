#include "harness/base/clock.h"

namespace stormproof::base {

SystemClock::SystemClock()
    : steady_anchor_(std::chrono::steady_clock::now()),
      wall_anchor_(std::chrono::time_point_cast<Nanoseconds>(std::chrono::system_clock::now())) {}

Time SystemClock::now() const { return wall_anchor_ + (std::chrono::steady_clock::now() - steady_anchor_); }

std::chrono::steady_clock::time_point SystemClock::to_steady(Time time) const {
  return steady_anchor_ + (time - wall_anchor_);
}

}  // namespace stormproof::base
