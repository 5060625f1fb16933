// Reader: from a checked document to a Scenario, and the rules that need the whole to be told.
//
// Names that must be known (dependencies) or unique (phases, proxies), limits that fit their phase, a ramp or a jitter
// that makes sense. Reads what is there, so that it finds its mistakes in a document that has others.
#pragma once

#include <string>
#include <vector>

#include "scenarios/complaints.h"
#include "scenarios/document.h"
#include "scenarios/model.h"

namespace stormproof::scenarios {

inline constexpr std::string_view steady_state_name = "steady state";

// The scenario may be used only where `complaints` stayed empty. file, text and secrets are left to the caller.
Scenario read_scenario(const Node& root, Complaints& complaints);

}  // namespace stormproof::scenarios
