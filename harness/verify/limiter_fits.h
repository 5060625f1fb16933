// LimiterFits: for each algorithm that counts requests in windows or under way, the parameters with which it contradicts the fewest decisions. Pure.
#pragma once

#include <vector>

#include "harness/verify/limiter_class.h"

namespace stormproof::verify {

// The decisions as the machines see them: seconds from the first. Sorted by begin.
struct Ruled {
  double begin = 0;  // the decision lies between these two
  double end = 0;
  double finish = 0;  // of the answer
  Decision::What what = Decision::What::admitted;
};
using Rulings = std::vector<Ruled>;

// A refusal is answered at once: who was admitted was decided on within the time that refusals take.
Rulings rulings_of(const Decisions& decisions);

Fit fit_fixed_window(const Rulings& rulings, const std::vector<double>& windows);
Fit fit_log(const Rulings& rulings, const std::vector<double>& windows, bool penalises);
Fit fit_counter(const Rulings& rulings, const std::vector<double>& windows, bool penalises);
Fit fit_concurrency(const Rulings& rulings);

inline constexpr double clock_slack = 0.002;  // seconds: limiters count in milliseconds

inline Fit nothing_yet(LimiterClass what) { return {.what = what, .contradictions = ~std::uint64_t{0}}; }
inline void keep_better(Fit& best, const Fit& other) {
  if (other.contradictions < best.contradictions) best = other;
}

}  // namespace stormproof::verify
