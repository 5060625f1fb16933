// Judged difference: is what was seen at a place of a route's answers the candidate's doing, or noise?
//
// Pure. Real, when the candidate differs from the baseline significantly more often than the second baseline does, on the same
// requests (exact McNemar, one-sided; Tarone's step-down over all places), or when it stays while one request is sent
// again and again. Without a second baseline nothing can be told. What was seen too seldom is undecided.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "replay/comparison.h"

namespace stormproof::verify {

// A test of the first pass gets this much of what a difference may err, its repeats get the rest.
inline constexpr double first_pass_share = 0.8;
// Below this p-value a difference that is not significant is not put down to noise.
inline constexpr double doubt = 0.05;

enum class Cause : std::uint8_t {
  real,
  undecided,  // too seldom to tell
  untold,     // there is no second baseline to tell noise by
  noise,      // or so rare that it may be left unexplained
};
std::string_view to_string(Cause cause);

struct JudgedDifference {
  replay::DifferenceKey key;
  const replay::DifferenceCounts* counts = nullptr;  // of the comparison that was judged
  std::uint64_t requests = 0;                        // of its route
  Cause cause = Cause::undecided;
  double p = 1;
  std::optional<std::uint64_t> requests_needed;  // undecided: of this route, in all
};

// With the chance of one false real among all at most `alpha`; the worst first. `margin`: the share of a route's requests that may
// stay unexplained where repeats did not show it again.
std::vector<JudgedDifference> judge_differences(const replay::Comparison& comparison, double alpha, double margin);

// How many repeats, all of which show a difference, make it real, when so many are tried.
std::uint64_t repeats_for(std::size_t differences, double alpha);

}  // namespace stormproof::verify
