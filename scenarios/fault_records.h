// Fault records: the tables of what can go wrong with a message, as keys of a scenario's fault.
//
// language.cpp puts them beside the others; docs/faults.md is made of them (fault_page.h).
#pragma once

#include <vector>

#include "scenarios/language.h"

namespace stormproof::scenarios {

const Record& latency_fault();
const Record& abort_fault();
const Record& throttle_fault();
const Record& request_change();
const Record& response_change();
const Record& truncate_fault();
const Record& slow_fault();
const Record& process_fault();

// The keys of a fault that say what goes wrong; one of them at least must be there.
std::vector<Key> message_fault_keys();
// The keys that say which requests, when and how many.
std::vector<Key> targeting_keys();

}  // namespace stormproof::scenarios
