// Seed: chance that can be repeated.
//
// A draw is a pure function of (seed, rule, identity): it does not depend on how many draws came before,
// on their order, on threads, or on other rules. Editing one rule leaves every other rule's draws alone.
#pragma once

#include <cstdint>
#include <string_view>

namespace stormproof::base {

// One 64-bit draw; XXH3 of the three, so equal inputs give equal draws on every machine.
std::uint64_t draw(std::uint64_t seed, std::string_view rule, std::uint64_t identity);

// The same draw as a number in [0, 1).
double draw_unit(std::uint64_t seed, std::string_view rule, std::uint64_t identity);

// A stable 64-bit name for some bytes (XXH3).
std::uint64_t identity_of(std::string_view bytes);

}  // namespace stormproof::base
