// ProbeSchedule: the requests by which a rate limit is found out, sized from what a scenario claims of it.
//
// Rows: the limit rests, then bursts follow each other while it is empty: what each admits tells how it refills, and rows that
// begin at different parts of a window tell where windows begin. A staircase: the quota is spent in parts, so that a
// window that begins with a request differs from a log. Sustained: three times the rate. Slowed: the same, while a
// dependency is slow. Variation: the first caller's quota is spent, then a request that differs in one attribute asks.
// Isolation: the first caller sends ten times the rate, another half of it.
//
// Pure: the plan, the run and the judge make the same schedule of the same scenario. Times count from the phase's beginning.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "scenarios/model.h"

namespace stormproof::scenarios {

inline constexpr double probe_rate_max = 2000;          // requests a second that a limit may claim
inline constexpr std::uint64_t probe_burst_max = 5000;  // at once
inline constexpr std::uint64_t probe_shots_max = 200'000;
inline constexpr Nanoseconds probe_lasting_max = std::chrono::hours(2);
inline constexpr double probe_flood = 10;      // times the rate, for isolation
inline constexpr double probe_moderate = 0.5;  // the same, of who stays within it
inline constexpr double probe_too_much = 3;    // the same, sustained

struct ProbeStep {
  enum class Kind : std::uint8_t { rest, row, staircase, sustained, slowed, variation, isolation };
  Kind kind = Kind::rest;
  Nanoseconds begin{0};
  Nanoseconds end{0};
  std::size_t first_shot = 0;
  std::size_t shots = 0;
  std::uint32_t variant = 0;  // of a variation, and of isolation the other one
};
std::string_view to_string(ProbeStep::Kind kind);

struct ProbeShot {
  Nanoseconds offset{0};
  std::uint32_t variant = 0;  // 0: the request as it is; else 1 + its place in RateProbe::vary
};

struct ProbeSchedule {
  std::vector<ProbeStep> steps;
  std::vector<ProbeShot> shots;  // in order of time
  Nanoseconds lasting{0};
};

ProbeSchedule probe_schedule(const RateProbe& probe, const RateLimitExpectation& claim);

// How long the quota takes to come back, by the claim: its window, else burst / rate, else a second; at least 250 ms.
Nanoseconds refill_time(const RateLimitExpectation& claim);

// What a phase's probe is sized from: its first rate-limit expectation; nullptr: it has none.
const RateLimitExpectation* probed_claim(const Phase& phase);

// Requests of a run's probes are numbered from here on, those of each phase in the next range.
inline constexpr std::uint64_t probe_numbers = 1'000'000'000;
inline std::uint64_t first_probe_request(std::size_t phase) { return probe_numbers * (phase + 1) + 1; }

// "12.3s, 532 requests": for people.
std::string describe(const ProbeSchedule& schedule);

}  // namespace stormproof::scenarios
