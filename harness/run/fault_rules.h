// Fault rules: a fault as a scenario says it, as the injector takes it.
#pragma once

#include "faults/plan.h"
#include "faults/stream_timetable.h"
#include "scenarios/model.h"

namespace stormproof::run {

// Of a fault on messages. Networks that are none are left out: the scenario's reader refuses them.
faults::Rule rule_of(const scenarios::Fault& fault);
// Of a fault on connections.
faults::StreamRule stream_rule_of(const scenarios::Fault& fault);

}  // namespace stormproof::run
