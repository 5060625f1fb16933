// Alignment: which elements of two sequences are the same ones, in order.
//
// By Myers' greedy algorithm ("An O(ND) Difference Algorithm and Its Variations", 1986) over one number an element, with
// its work bounded: sequences that need more than `edits_max` edits align nothing. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace stormproof::replay {

// Indexes of a and b that are the same, both rising. Absent: more than `edits_max` edits.
std::optional<std::vector<std::pair<std::size_t, std::size_t>>> aligned(std::span<const std::uint64_t> a,
                                                                        std::span<const std::uint64_t> b,
                                                                        std::size_t edits_max);

}  // namespace stormproof::replay
