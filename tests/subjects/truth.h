// Truth: what a subject wrote of its own changes of state, for tests to hold verdicts against.
//
// The verifier never sees it. The file has one JSON object a line: {"at_ms": 1795429619766.25, "state": "open"}.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "harness/base/clock.h"
#include "harness/base/error.h"

namespace stormproof::subjects {

struct StateChange {
  base::Time at{};    // by the subject's wall clock
  std::string state;  // "started", "open", "halfOpen", "close"
};

// In the order in which they were written. A missing file, or a line that is none of these, is an error.
base::Result<std::vector<StateChange>> read_truth(const std::filesystem::path& file);

// The instants at which it entered `state`.
std::vector<base::Time> times_of(const std::vector<StateChange>& changes, std::string_view state);

}  // namespace stormproof::subjects
