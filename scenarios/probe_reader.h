// ProbeReader: the `probe` of a phase: its table and its meaning.
#pragma once

#include <optional>

#include "scenarios/complaints.h"
#include "scenarios/document.h"
#include "scenarios/language.h"
#include "scenarios/model.h"

namespace stormproof::scenarios {

// The key of a phase, for its table.
Key probe_key();

// The probe of a phase that was read but for it; nothing where the key is absent or wrong. Gives the phase its duration and
// the fault that slows a dependency, and complains of what does not fit the rest of the phase.
std::optional<RateProbe> read_probe(const Node& phase_node, Phase& phase, Complaints& complaints);

// Complains of expectations, in this list, that only a probe can judge, where the phase has none that can.
void check_needs_probe(const Node& expect, const Phase& phase, Complaints& complaints);

}  // namespace stormproof::scenarios
