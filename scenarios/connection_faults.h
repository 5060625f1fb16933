// Connection faults: the keys of what goes wrong with the bytes of a connection, made of the faults' own descriptions.
//
// language.cpp puts them beside the others; docs/faults.md is made of them. A new kind of StreamFault needs only an example
// here.
#pragma once

#include "faults/stream_fault.h"
#include "scenarios/complaints.h"
#include "scenarios/document.h"
#include "scenarios/language.h"

namespace stormproof::scenarios {

// {base: 20ms, jitter: 5ms}, {p50: 20ms, p99: 200ms}, …
const Record& delay_record();
// The same keys, for a record that has others beside them.
std::vector<Key> delay_keys();

// What stands under a fault's `connection`.
const Record& connection_fault();

// `node`: a duration, or a map of delay_keys().
faults::Distribution read_delay(const Node& node, Complaints& complaints);
// Under `connection`. Its name and share are the caller's to fill in.
faults::StreamFault read_connection_fault(const Node& node, Complaints& complaints);
// Complains of keys that stand beside `connection` and are about messages.
void check_beside_connection(const Node& fault, Complaints& complaints);

}  // namespace stormproof::scenarios
