// Evidence: what all judges of mechanisms share: how a share is decided, and how a finding is put in order. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "harness/verify/finding.h"
#include "harness/verify/timeline.h"

namespace stormproof::verify {

// `bad` of `of` cases went against a claim.
struct Cases {
  std::uint64_t bad = 0;
  std::uint64_t of = 0;
};

// "At most `limit` of the cases are bad": HOLDS by the upper one-sided 95 % bound, VIOLATED by the lower one, else
// INCONCLUSIVE with how many cases would decide; `noun` says what they are ("calls that hang").
void decide_share(Check& check, Cases cases, double limit, std::string_view noun);

// "At most `at_most` in all": VIOLATED by one more; HOLDS when no more were seen in so many cases that a share of
// unseen_share_max is excluded at 95 %.
inline constexpr double unseen_share_max = 0.03;
inline constexpr std::uint64_t census_cases_min = 100;
void decide_count(Check& check, Cases cases, std::uint64_t at_most, std::string_view noun);

// "A share `quantile` of them takes at most `limit`", each known to have taken between `least` and `most` (no_answer: none
// came). HOLDS on most, VIOLATED on least, by order statistics at 95 %. Sorts both.
void decide_slowest(Check& check, std::vector<Nanoseconds> most, std::vector<Nanoseconds> least, double quantile,
                    Nanoseconds limit, std::string_view noun);

// A duration known to lie in [low, high].
struct Span {
  Nanoseconds low{0};
  Nanoseconds high{0};
  bool operator==(const Span&) const = default;
};
std::string describe(const Span& span);

// Adds a request that shows it: each once, at most finding_exchanges_max.
void show(Finding& finding, std::uint64_t request);

// The verdict from the checks, the timeline in order and within its bound, and a summary that begins with `subject`:
// "The rate limit", of which there is one, or "The timeouts on payments", which are `several`.
void conclude(Finding& finding, std::string_view subject, bool several);

// The window in which the phase's faults on the dependency were on; absent: there was none.
struct FaultWindow {
  Time from{};
  Time to{};
};
std::optional<FaultWindow> fault_window(const PhaseWindow& phase, std::string_view dependency);

// What stands in a check until judge() puts the expectation there, as it is written.
inline constexpr std::string_view as_written = "as the scenario says";
inline constexpr std::string_view not_measured = "not measured";

// Requests of routes that call the dependency in no case, or in nearly every one, while all is well; by trace id.
enum class Tie : std::uint8_t { unknown, never, always };
std::vector<Tie> ties_to(const View& view, std::string_view dependency);  // by route

// One check for each name, all INCONCLUSIVE for one reason.
void cannot(Finding& finding, const std::vector<std::string>& names, const std::string& reason);

// Whether healthy calls carry the trace ids of requests, so that each call is known to belong to one.
bool correlated(const View& view, std::string_view dependency);

}  // namespace stormproof::verify
