// Huge head: a response with header fields that add up to so many bytes more. Legal, but beyond what many clients take.
#pragma once

#include <cstdint>

#include "faults/message.h"

namespace stormproof::faults {

inline constexpr std::uint64_t huge_head_bytes_max = std::uint64_t{16} << 20;

// Adds fields of at most 4 KiB each, "X-Stormproof-Fill-0: …": the head grows by at least `bytes`, by at most 8 KiB more.
void grow_head(Message& response, std::uint64_t bytes);

}  // namespace stormproof::faults
