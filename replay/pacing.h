// Pacing: when the n-th request is to be sent. An absolute schedule, computed; a pure function of its options and n.
//
// Offsets count from the beginning of the traffic, in whole nanoseconds, and never decrease; the n-th of ten million is as exact
// as the first. Sending is open loop: no offset depends on an answer.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "harness/base/clock.h"
#include "harness/base/error.h"

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

// One rate after the other, each as even as ConstantRate; the last one stays.
struct SteppedRate {
  struct Step {
    double per_second = 1;  // 0 or above; above 0 for the last
    base::Nanoseconds lasting{0};
  };
  std::vector<Step> steps;  // at least one
};

// Gaps drawn from the exponential distribution, as independent users make them. The seed is the schedule.
struct PoissonRate {
  double per_second = 1;  // above 0
  std::uint64_t seed = 1;
};

// The arrival times of something else, this much faster, each taken by the next request of the capture. A loop follows
// as with Speed.
struct Arrivals {
  std::vector<base::Time> times;  // in order, at least one
  double factor = 1;
  std::string name;  // for people: its file
};

using PacingOptions = std::variant<Speed, ConstantRate, RampedRate, SteppedRate, PoissonRate, Arrivals>;

// "20x", "500/s", "20/s to 200/s over 30s", "100/s for 10s, 200/s", "poisson 200/s", "arrivals of F at 60x".
std::string to_string(const PacingOptions& options);

// The forms of the command line: "20/s to 200/s over 30s"; "100/s for 10s, 0/s for 2s, 200/s".
base::Result<RampedRate> parse_ramp(std::string_view text);
base::Result<SteppedRate> parse_steps(std::string_view text);

class Pacing {
 public:
  // `recorded`: when each request of the capture began, in order. Only Speed looks at more than their number.
  Pacing(const std::vector<base::Time>& recorded, PacingOptions options);

  // Of the n-th request, from 0; the requests of the capture follow each other over and over. PoissonRate remembers where
  // it was: asked in order each costs the same, asked for an earlier one it begins anew.
  base::Nanoseconds offset(std::uint64_t n) const;

  // How many requests one loop is: of the capture, or of Arrivals its times.
  std::uint64_t loop_size() const { return loop_size_; }

 private:
  base::Nanoseconds listed_offset(std::uint64_t n, double factor) const;
  base::Nanoseconds poisson_offset(const PoissonRate& poisson, std::uint64_t n) const;

  PacingOptions options_;
  std::uint64_t loop_size_ = 0;
  std::vector<base::Nanoseconds> offsets_;  // of one loop, as recorded
  base::Nanoseconds loop_{0};               // from the start of one loop to that of the next
  struct {
    std::uint64_t n = 0;
    base::Nanoseconds offset{0};
  } mutable poisson_;
};

}  // namespace stormproof::replay
