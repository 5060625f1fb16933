// Comparison gates: from what was counted side by side to HOLDS, VIOLATED or INCONCLUSIVE.
//
// Pure. All gates together call a version worse that is the same in `false_alarms` of all comparisons at most: Holm's
// step-down over the gates, Tarone's over the differences within theirs. A gate HOLDS when worse than its margin can be
// excluded at `confidence_default`; what neither holds nor is violated is INCONCLUSIVE, and says how many requests would do.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/verify/finding.h"
#include "harness/verify/judged_difference.h"
#include "replay/comparison.h"

namespace stormproof::verify {

struct TailGate {
  double quantile = 0.99;
  double margin = 0.1;
};

struct ComparisonGates {
  // Unexplained differences that may be left, as a share of a route's requests; real ones never.
  std::optional<double> differences = 0.005;
  // Rare differences are sent again, and stay open until that has settled them. False: they are that share at 95 % at most, all
  // together, or open.
  bool repeats = true;
  std::optional<double> latency = 0.02;  // slower by at most this
  std::optional<double> errors = 0.01;   // more failures by at most this share of requests
  std::optional<TailGate> tail;
  double false_alarms = 0.01;
  std::uint64_t seed = 0;  // of the bootstrap
};

struct Gate {
  std::string name;
  Verdict verdict = Verdict::inconclusive;
  std::string expected;
  std::string measured;
  std::string missing;  // INCONCLUSIVE only
  std::uint64_t samples = 0;
  std::optional<std::uint64_t> requests_needed;
  // Of a latency as a ratio - 1, of errors as a difference of shares; 95 % between them.
  std::optional<double> estimate, lower, upper;
  double p = 1;
};

struct RouteLatency {
  std::string route;
  std::uint64_t samples = 0;
  double ratio = 0, lower = 0, upper = 0;  // minus 1
  bool stands_out = false;                 // slower, by Benjamini and Hochberg at 5 %
};

struct ComparisonVerdict {
  Verdict verdict = Verdict::inconclusive;
  std::vector<Gate> gates;
  std::vector<JudgedDifference> differences;  // the worst first
  std::vector<RouteLatency> routes;           // the slowest first
  std::optional<double> instance_ratio;       // of the second baseline to the baseline, minus 1
};

ComparisonVerdict judge(const replay::Comparison& comparison, const ComparisonGates& gates);

// Those that repeats of one request may settle, in the order of their keys; at most `most`.
std::vector<replay::DifferenceKey> unsettled(const replay::Comparison& comparison, const ComparisonGates& gates,
                                             std::size_t most);

// No gate has a verdict, for this reason; where `only_holds`, what is VIOLATED stays so.
void withhold(ComparisonVerdict& verdict, const std::string& reason, bool only_holds);

// How many repeats, all of which show a difference, make it real; whatever the other gates say.
std::uint64_t repeats_to_settle(const replay::Comparison& comparison, std::size_t unsettled,
                                const ComparisonGates& gates);

}  // namespace stormproof::verify
