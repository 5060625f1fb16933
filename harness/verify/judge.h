// Judge: from an event log and a scenario to findings. Pure.
#pragma once

#include <string_view>
#include <vector>

#include "harness/events/log.h"
#include "harness/verify/finding.h"
#include "scenarios/model.h"

namespace stormproof::verify {

// Where findings about the whole run stand, in the place of a phase.
inline constexpr std::string_view whole_run_name = "whole run";

// One finding an expectation, in the order of the scenario: the steady state first, then each phase, then the whole run. A phase
// that was not reached gives INCONCLUSIVE findings that say so.
std::vector<Finding> judge(const events::Log& log, const scenarios::Scenario& scenario);

}  // namespace stormproof::verify
