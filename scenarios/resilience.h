// Resilience: the expectations on what a service does when a replica, a dependency or its own capacity fails it: failover,
// bulkhead, overload, metastability, fallback. Tables and meaning, as mechanisms.h has them.
#pragma once

#include <vector>

#include "scenarios/mechanisms.h"

namespace stormproof::scenarios {

std::vector<Mechanism> resilience_mechanisms();

}  // namespace stormproof::scenarios
