// Planned faults: the rules of a scenario in words, for RunRecord::planned_faults.
#pragma once

#include <string>
#include <vector>

#include "reports/run_record.h"
#include "scenarios/model.h"

namespace stormproof::reports {

// What a fault does, in words: "hold back 200ms ± 50ms, then abort with 503".
std::string effect_of(const scenarios::Fault& fault);

// In the order of the scenario. Pure.
std::vector<PlannedFault> planned_faults(const scenarios::Scenario& scenario);

}  // namespace stormproof::reports
