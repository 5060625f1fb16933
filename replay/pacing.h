// Pacing: when the n-th request is to be sent. Pure: an absolute schedule, computed, never accumulated.
//
// Offsets count from the beginning of the traffic, in whole nanoseconds, and never decrease; the n-th of ten million is as exact
// as the first. Sending is open loop: no offset depends on an answer.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "harness/base/clock.h"

namespace stormproof::replay {

// The recorded timing, this much faster. A loop follows the one before after the capture's mean gap, so the seam keeps the rate.
struct Speed {
  double factor = 1;  // above 0
};

// The same gap between all requests.
struct ConstantRate {
  double per_second = 1;  // above 0
};

// A rate that changes evenly from one to the other, then stays.
struct RampedRate {
  double from_per_second = 1;  // 0 or above
  double to_per_second = 1;    // above 0
  base::Nanoseconds over{0};
};

using PacingOptions = std::variant<Speed, ConstantRate, RampedRate>;

// "20x", "500/s", "20/s to 200/s over 30s".
std::string to_string(const PacingOptions& options);

class Pacing {
 public:
  // `recorded`: when each request of the capture began, in order. Only Speed looks at more than their number.
  Pacing(const std::vector<base::Time>& recorded, PacingOptions options);

  // Of the n-th request, from 0; the requests of the capture follow each other over and over.
  base::Nanoseconds offset(std::uint64_t n) const;

 private:
  base::Nanoseconds recorded_offset(std::uint64_t n, double factor) const;

  PacingOptions options_;
  std::vector<base::Nanoseconds> offsets_;  // of one loop, as recorded
  base::Nanoseconds loop_{0};               // from the start of one loop to that of the next
};

}  // namespace stormproof::replay
