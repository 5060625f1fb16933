// Judge: from an event log and a scenario to findings. Pure.
#pragma once

#include <vector>

#include "harness/events/log.h"
#include "harness/verify/finding.h"
#include "scenarios/model.h"

namespace stormproof::verify {

// One finding an expectation, in the order of the scenario: the steady state first, then each phase. A phase that was
// not reached gives INCONCLUSIVE findings that say so.
std::vector<Finding> judge(const events::Log& log, const scenarios::Scenario& scenario);

}  // namespace stormproof::verify
