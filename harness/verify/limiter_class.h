// LimiterClass: by which algorithm a limiter decides, as far as its decisions tell.
//
// Each known algorithm is a machine that follows what was really admitted. It explains a decision that it might have made
// too, wherever between a request's start and the time that its refusals take the decision lay, with the best quota, window
// and beginning of windows that were found for it. The class is told where one algorithm explains all but explained_min of
// them and no other does; else it says between which it cannot tell, or that none fits. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/verify/admission.h"

namespace stormproof::verify {

enum class LimiterClass : std::uint8_t {
  token_bucket,  // or GCRA: they decide alike
  leaky_queue,   // the same decisions, and who is admitted waits for his turn
  fixed_window,  // of a clock, or begun by a request
  sliding_log,
  sliding_counter,
  penalised,  // a log or a counter in which the refused count, too
  concurrency,
};
inline constexpr std::array<LimiterClass, 7> limiter_classes = {
    LimiterClass::token_bucket,    LimiterClass::leaky_queue, LimiterClass::fixed_window, LimiterClass::sliding_log,
    LimiterClass::sliding_counter, LimiterClass::penalised,   LimiterClass::concurrency};

// "token-bucket", as a scenario has it; and "a token bucket (or GCRA)".
std::string_view name_of(LimiterClass what);
std::string_view in_words(LimiterClass what);

// The best that a class can do.
struct Fit {
  LimiterClass what = LimiterClass::token_bucket;
  double at_once = 0;       // burst, quota, or how many at a time
  double per_second = 0;    // of a bucket
  Nanoseconds window{0};    // of those that have one
  bool by_request = false;  // a fixed window that begins with a request
  std::uint64_t contradictions = 0;
};
std::string describe(const Fit& fit);

struct Classification {
  std::optional<LimiterClass> what = {};
  std::vector<Fit> fits = {};  // the best first
  std::uint64_t decisions = 0;
  std::string evidence = {};  // what each explains
  std::string missing = {};   // why it cannot be told
};

inline constexpr double explained_min = 0.99;             // of the decisions
inline constexpr std::uint64_t class_refusals_min = 20;   // fewer show no limit
inline constexpr std::size_t class_decisions_max = 6000;  // the first so many are looked at

// What is claimed: where the search begins.
struct ClassHints {
  double per_second = 1;
  double at_once = 0;  // 0: not claimed
  Nanoseconds window{0};
  bool rested = false;  // before the first decision: all quotas were full
};

Classification classify(const Decisions& decisions, const ClassHints& hints);

}  // namespace stormproof::verify
