// Suggestion: the known word that was probably meant.
//
// By edit distance (insertions, deletions, replacements, and neighbours swapped, after Damerau): at most a third of
// the word's length, at least one. Words that differ only in case, '-' and '_' are always near,
// words that differ only in digits never.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace stormproof::scenarios {

// Longer words get no suggestion: the distance costs the product of both lengths.
inline constexpr std::size_t suggestion_bytes_max = 64;

std::size_t edit_distance(std::string_view one, std::string_view other);

// The nearest of `known`, the first among equals; empty where none is near.
std::string nearest(std::string_view word, std::span<const std::string> known);

}  // namespace stormproof::scenarios
