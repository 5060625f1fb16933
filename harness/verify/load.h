// Load: what was asked of the service, level by level, and how much of it came back in time to be of use.
//
// A level is a stretch of the run in which one rate was offered: phases, cut where the schedule's steps change and where
// faults come and go; where the rate changes all the time (a ramp, a recording), at every level_length. Good is an
// answer below 500, that is no refusal and came in time from the intended instant; surely good by the most that the request
// may have taken, perhaps good by the least (attribution.h). Goodput has bounds by batches (batches.h), which know how even
// a busy service is; by exact shares where there are too few, or all are alike. Pure.
#pragma once

#include <vector>

#include "harness/verify/timeline.h"

namespace stormproof::verify {

inline constexpr Nanoseconds level_length = std::chrono::seconds(2);
inline constexpr Nanoseconds level_length_min = std::chrono::milliseconds(500);  // shorter stretches are left out
inline constexpr std::uint64_t level_requests_min = 50;

struct Level {
  Time from{};
  Time to{};
  double offered = 0;    // requests a second
  bool faulted = false;  // a fault was on
  Exchanges requests = {};
  double seconds() const { return static_cast<double>((to - from).count()) / 1e9; }
};

// Of all phases that were reached, in order of time.
std::vector<Level> levels_of(const View& view);

// What counts as good.
struct Usefulness {
  Nanoseconds within{0};
  std::vector<int> refusals = {};
};
bool refused(const events::Exchange& request, const Usefulness& use);
bool surely_good(const View& view, const events::Exchange& request, const Usefulness& use);
bool perhaps_good(const View& view, const events::Exchange& request, const Usefulness& use);

// As a share of what was offered.
struct Goodput {
  std::uint64_t offered = 0;
  std::uint64_t good = 0;  // surely
  double low = 0;
  double high = 1;
  double point() const { return offered == 0 ? 0 : static_cast<double>(good) / static_cast<double>(offered); }
};
Goodput goodput_of(const View& view, Exchanges requests, Time from, Time to, const Usefulness& use,
                   double confidence = 0.95);

}  // namespace stormproof::verify
