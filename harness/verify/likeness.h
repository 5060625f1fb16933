// Likeness: what a circuit breaker shows of itself, and which implementation's defaults behave so.
//
// Marks are what traffic tells: the failures in a row that opened it, how long it slept and by which law, how many calls it let
// through half-open. A preset fits where no mark that was seen contradicts its defaults, but for the time that it sleeps; how
// sure that is, is how many of its marks were seen. Everybody tunes a breaker, so a likeness is a hint for the reader and never a verdict. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/verify/breaker_checks.h"

namespace stormproof::verify {

inline constexpr std::size_t likeness_cycles_min = 2;  // fewer say nothing of a law or a width
inline constexpr std::size_t likenesses_max = 2;       // that a summary names
inline constexpr int marks_least = 2;                  // seen of a preset, to name it

struct Marks {
  std::uint64_t failures_low = 0;  // calls that failed from the first failure to the opening
  std::uint64_t failures_high = 0;
  bool opened = false;
  SleepWindow window = {};
  std::size_t cycles = 0;            // whole ones
  std::optional<std::size_t> width;  // calls let through half-open, where each cycle agrees
};
Marks marks_of(const Outage& outage);

struct Preset {
  std::string_view name;
  std::optional<std::uint64_t> failures;  // in a row; absent: by a rate
  Law law = Law::constant;
  Nanoseconds sleep{0};
  std::optional<std::size_t> width;  // absent: no probe, all calls at once, until so many have failed again
};
const std::vector<Preset>& presets();

struct Likeness {
  const Preset* preset = nullptr;
  int seen = 0;                   // marks that fit
  int of = 0;                     // marks that it has
  bool sleeps_otherwise = false;  // by its law, but another time than by default
};

// Those that nothing contradicts, the surest first.
std::vector<Likeness> likenesses(const Marks& marks);

// " It slept for 5.00 s each time and let 1 call through half-open, as Hystrix does by default (2 of 2 marks)."; "" where
// too little was seen.
std::string describe(const Marks& marks);

}  // namespace stormproof::verify
