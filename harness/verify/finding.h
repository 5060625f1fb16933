// Finding: the answer to one expectation, with the evidence for it.
//
// A verdict without evidence does not exist: HOLDS and VIOLATED say what was measured and on how many samples,
// INCONCLUSIVE says in `missing` what was lacking and what would suffice. A finding is a value and a pure function
// of (event log, scenario): nothing in it comes from a clock, a machine or a path.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/clock.h"

namespace stormproof::verify {

enum class Verdict : std::uint8_t { holds, violated, inconclusive };

// "HOLDS", "VIOLATED", "INCONCLUSIVE".
std::string_view to_string(Verdict verdict);

// The worst of a set: VIOLATED above INCONCLUSIVE above HOLDS; INCONCLUSIVE for an empty set.
Verdict worst(const std::vector<Verdict>& verdicts);

// An instant on the run's timeline that the verdict rests on: "opened", "probe", "leaked call".
struct Instant {
  base::Time at{};
  std::string what;
  bool operator==(const Instant&) const = default;
};

// A parameter of the subject as its traffic tells it, with the bounds that contain it. Durations in seconds, rates per
// second, the rest as counts.
struct Estimate {
  std::string of = {};  // "sleep window"
  double low = 0;
  double high = 0;
  bool operator==(const Estimate&) const = default;
};

// One checked statement of an expectation: a circuit-breaker line with four fields gives four checks.
struct Check {
  std::string name = {};  // "opens-within"
  Verdict verdict = Verdict::inconclusive;
  std::string expected = {};  // "within 3s of the first failure"
  std::string measured = {};  // "0.84 s (6 failed calls), interval 0.81–0.86 s"
  std::string missing = {};   // INCONCLUSIVE only: "no suppressed request in 20 s at 2/s: needs at least 14/s"
  std::uint64_t samples = 0;
  std::optional<Estimate> estimate = {};
  bool operator==(const Check&) const = default;
};

struct Finding {
  std::string expectation;  // "circuit-breaker on payments"
  std::string phase;
  int line = 0;                             // of the scenario
  Verdict verdict = Verdict::inconclusive;  // the worst of the checks
  std::string summary;                      // one sentence for a tired reader
  std::vector<Check> checks;
  std::vector<Instant> timeline;         // in order of time, at most 200
  std::vector<std::uint64_t> exchanges;  // ingress request numbers that show it, at most 20
  bool operator==(const Finding&) const = default;
};

}  // namespace stormproof::verify
