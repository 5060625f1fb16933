// Foreseen faults: what the faults of a phase will do to a dependency, as far as the scenario says. Pure.
#pragma once

#include <optional>
#include <string_view>

#include "harness/base/clock.h"
#include "scenarios/model.h"

namespace stormproof::verify {

bool is_hurt(const scenarios::Phase& phase, std::string_view on);

// The greatest share of calls that one of them takes.
double share_hurt(const scenarios::Phase& phase, std::string_view on);

// For how long the longest of them is on.
base::Nanoseconds longest_fault(const scenarios::Phase& phase, std::string_view on);

// The longest that a call may be held back; nothing: there is no limit that the scenario tells.
std::optional<base::Nanoseconds> longest_hold(const scenarios::Phase& phase, std::string_view on);

// Every one of them answers by itself, at once, with a status below 500.
bool never_fails(const scenarios::Phase& phase, std::string_view on);

bool says_retry_after(const scenarios::Phase& phase, std::string_view on);

}  // namespace stormproof::verify
