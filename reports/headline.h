// Headline: the verdict of a whole run and the one sentence that says why.
#pragma once

#include <string>
#include <vector>

#include "reports/run_record.h"

namespace stormproof::reports {

struct Headline {
  verify::Verdict verdict = verify::Verdict::inconclusive;  // the worst of the findings
  std::string sentence;                                     // for a tired reader; not escaped
  std::uint64_t holds = 0;
  std::uint64_t violated = 0;
  std::uint64_t inconclusive = 0;
};

// Pure.
Headline headline(const RunRecord& record);

// The run went through all its phases.
bool is_complete(const RunRecord& record);

// How the run is repeated: "stormproof run scenarios/x.yaml --seed 7".
std::string rerun_command(const RunRecord& record);

// How its findings are judged again: "stormproof verify 20261123-093600-4f2a".
std::string verify_command(const RunRecord& record);

}  // namespace stormproof::reports
