// Sleep window: how long a breaker stays open before it probes, from interval-censored observations.
//
// Cycle i says: W_i lies in (low, high]. A law is one of constant (one W for all), growing (W_i = first * factor^i),
// linear (W_i = first + step * i), jittered (no more than jitter_ratio_max between the least and the greatest). The
// first that fits all cycles is taken, in that order; a law with more freedom needs more cycles. Durations in ns.
// Method: reference, verification, breaker, step 7.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "harness/base/clock.h"

namespace stormproof::verify {

using base::Nanoseconds;

// Low is excluded, high included.
struct Interval {
  Nanoseconds low{0};
  Nanoseconds high{0};
  bool empty() const { return low >= high; }
  Nanoseconds middle() const { return low + (high - low) / 2; }
  bool operator==(const Interval&) const = default;
};

inline constexpr std::size_t law_cycles_min = 2;        // constant
inline constexpr std::size_t law_trend_cycles_min = 3;  // growing, linear
inline constexpr double jitter_ratio_max = 3.5;         // a jitter of 0.5 gives 1.5 / 0.5 = 3
inline constexpr double growth_min = 1.05;
inline constexpr double growth_max = 8;

enum class Law : std::uint8_t { unknown, constant, growing, linear, jittered };

struct SleepWindow {
  Law law = Law::unknown;
  Interval first = {};  // W of the first cycle; jittered: from the least to the greatest
  double factor = 1;    // growing
  Nanoseconds step{0};  // linear
  // The window that the law gives for cycle `i`, from 0.
  Interval of(std::size_t i) const;
};

SleepWindow fit(const std::vector<Interval>& cycles);

// "2.01 s (6 cycles, each within 1.99 s to 2.03 s)"
std::string describe(const SleepWindow& window, std::size_t cycles);

}  // namespace stormproof::verify
