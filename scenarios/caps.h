// Caps: how much a scenario's faults may hurt at a time: requests, and instances of one thing.
#pragma once

#include "scenarios/complaints.h"
#include "scenarios/document.h"
#include "scenarios/language.h"
#include "scenarios/model.h"

namespace stormproof::scenarios {

const Record& caps_record();

Caps read_caps(const Node& node, Complaints& complaints);

// Phases that hurt more of the instances of one thing than the caps allow, or the last healthy one unasked.
// Instances are the dependencies with the same `replica-of`.
void check_replicas(const Node& root, const Scenario& scenario, Complaints& complaints);

}  // namespace stormproof::scenarios
