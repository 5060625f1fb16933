// Settings: in which each simulated subject is judged, and what is due in each.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "tests/accuracy/matrix.h"
#include "tests/verify/properties.h"

namespace stormproof::accuracy {

enum class Setting : std::uint8_t { clean, noisy, starved };
inline constexpr std::array settings = {Setting::clean, Setting::noisy, Setting::starved};

inline constexpr double noise_errors = 0.05;
inline constexpr double noise_spread = 0.3;
inline constexpr double clean_spread = 0.05;
inline constexpr double starved_per_second = 2;

inline std::string name_of(Setting setting) {
  constexpr std::array<const char*, 3> names = {"clean", "noisy", "starved"};
  return names[static_cast<std::size_t>(setting)];
}

inline Due due_of(Setting setting, bool defective) {
  if (setting == Setting::starved) return defective ? Due::no_holds : Due::inconclusive;
  return defective ? Due::violated : Due::holds;
}

inline double in_seconds(std::chrono::nanoseconds duration) { return static_cast<double>(duration.count()) / 1e9; }

// The check that estimates this parameter; null: none does.
inline const verify::Check* estimating(const verify::Finding& finding, std::string_view parameter) {
  const auto found = std::ranges::find_if(finding.checks, [parameter](const verify::Check& check) {
    return check.estimate && check.estimate->of == parameter;
  });
  return found == finding.checks.end() ? nullptr : &*found;
}

inline std::string example_of(std::uint64_t seed, const verify::Finding& finding) {
  return fmt::format("seed {}: {}", seed, verify::told(finding));
}

// Every subject in every setting, each run with a seed of its own.
template <typename Subjects, typename Judge>
void judge_all(const Subjects& subjects, int runs, std::uint64_t seed, const Judge& judge) {
  for (const auto& subject : subjects) {
    for (const Setting setting : settings) {
      for (int run = 0; run < runs; ++run) judge(subject, setting, seed + static_cast<std::uint64_t>(run));
    }
  }
}

}  // namespace stormproof::accuracy
