// RealRuns: real cases run through the real program, several at once, and their verdicts counted.
//
// Each run has processes, ports and a folder of its own. A run that could not take place (a port was taken meanwhile) is
// tried again; one that cannot at all is a failure, never a verdict.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "tests/accuracy/real_case.h"

namespace stormproof::accuracy {

struct RealOptions {
  int runs = 1;   // of each case
  int jobs = 3;   // at once
  int tries = 3;  // of a run that could not take place, or whose defect did not show
  std::chrono::seconds time_max = std::chrono::minutes(60);  // no run begins later
  std::uint64_t seed = 1;
  std::function<void(const std::string&)> progress = {};
};

struct RealOutcome {
  Matrix matrix;
  std::vector<std::string> failures;   // runs that could not take place, and reports that do not say what they must
  std::vector<std::string> sentences;  // what they said where they had to say something
  std::uint64_t left_out = 0;          // for want of time
};

RealOutcome run_all(const std::vector<RealCase>& cases, const RealOptions& options);

// What a run's JSON says of an expectation: the worst of its findings, their summaries, and its estimate of `parameter`.
struct Said {
  verify::Verdict verdict = verify::Verdict::inconclusive;
  std::string summaries;
  std::optional<verify::Estimate> estimate;
};
base::Result<Said> said_of(const std::string& json, const std::string& expectation, const std::string& parameter);

}  // namespace stormproof::accuracy
