// Fault reader: what the keys of a fault mean; the rules between them.
#pragma once

#include "scenarios/complaints.h"
#include "scenarios/document.h"
#include "scenarios/model.h"

namespace stormproof::scenarios {

LatencyFault read_latency_fault(const Node& node, Complaints& complaints);
AbortFault read_abort_fault(const Node& node, Complaints& complaints);
MessageFaults read_message_faults(const Node& fault, Complaints& complaints);
// A fault that begins after the end of its phase never fires: complained of.
Targeting read_targeting(const Node& fault, Nanoseconds phase, Complaints& complaints);
ProcessFault read_process_fault(const Node& node, Nanoseconds phase, Complaints& complaints);

}  // namespace stormproof::scenarios
