// Breaker claims: the expectation of a circuit breaker: its table, its meaning, and what must stand together.
#pragma once

#include "scenarios/complaints.h"
#include "scenarios/document.h"
#include "scenarios/language.h"
#include "scenarios/model.h"

namespace stormproof::scenarios {

const Record& breaker_record();

// Of a checked node. Whether dependencies that it names exist, and limits fit the phase, is the caller's to check.
BreakerExpectation read_breaker(const Node& node, Complaints& complaints);

}  // namespace stormproof::scenarios
