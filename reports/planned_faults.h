// Planned faults: the rules of a scenario in words, for RunRecord::planned_faults.
#pragma once

#include <vector>

#include "reports/run_record.h"
#include "scenarios/model.h"

namespace stormproof::reports {

// In the order of the scenario. Pure.
std::vector<PlannedFault> planned_faults(const scenarios::Scenario& scenario);

}  // namespace stormproof::reports
