// Replayed: the decisions of an earlier run, to be made again.
#pragma once

#include <cstdint>
#include <string_view>
#include <unordered_set>

#include "harness/base/seed.h"

namespace stormproof::faults {

// A rule and the identity that it fired for, as one number.
inline std::uint64_t mark_of(std::string_view rule, std::uint64_t identity) { return base::draw(0, rule, identity); }

// The marks of all that fired. Shared, never changed.
using Replayed = std::unordered_set<std::uint64_t>;

}  // namespace stormproof::faults
