// Properties: what the property tests of mechanisms share: random parameters, many cases, a tally of verdicts.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <concepts>
#include <cstdlib>
#include <initializer_list>
#include <random>
#include <string>
#include <vector>

#include "harness/verify/finding.h"

namespace stormproof::verify {

// STORMPROOF_CASES multiplies the number of cases: for a search by night.
inline int property_cases(int base) {
  const char* const times = std::getenv("STORMPROOF_CASES");
  return times == nullptr ? base : base * std::max(1, std::atoi(times));
}

// STORMPROOF_SEED moves the seeds on: for other cases than last night's.
inline int property_seed(int base) {
  const char* const moved = std::getenv("STORMPROOF_SEED");
  return moved == nullptr ? base : base + std::atoi(moved);
}

struct Dice {
  std::mt19937_64 engine;
  explicit Dice(std::integral auto seed) : engine(static_cast<std::uint64_t>(seed)) {}
  double in(double low, double high) { return std::uniform_real_distribution<double>(low, high)(engine); }
  int whole(int low, int high) { return std::uniform_int_distribution<int>(low, high)(engine); }
  bool chance(double share) { return in(0, 1) < share; }
  template <typename T>
  T one_of(std::initializer_list<T> values) {
    return values.begin()[std::uniform_int_distribution<std::size_t>(0, values.size() - 1)(engine)];
  }
};

inline std::string told(const Finding& finding) {
  std::string text = fmt::format("{} {}\n", to_string(finding.verdict), finding.summary);
  for (const Check& check : finding.checks)
    text += fmt::format("   {} {}: {} | {}\n", to_string(check.verdict), check.name, check.measured, check.missing);
  return text;
}

struct Verdicts {
  int holds = 0;
  int violated = 0;
  int inconclusive = 0;
  std::string last_violated = {};
  std::string last_inconclusive = {};
  std::string last_holds = {};

  void count(const Finding& finding, int seed) {
    const std::string text = fmt::format("seed {}: {}", seed, told(finding));
    if (finding.verdict == Verdict::holds) ++holds, last_holds = text;
    else if (finding.verdict == Verdict::violated) ++violated, last_violated = text;
    else ++inconclusive, last_inconclusive = text;
  }
};

}  // namespace stormproof::verify
