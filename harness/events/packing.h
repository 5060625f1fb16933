// Packing: bytes in one zstd frame, and back.
//
// unpack() takes any bytes: what is torn, damaged or followed by others gives an Error; memory grows with what was really
// unpacked, up to `bytes_max`. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "harness/base/error.h"

namespace stormproof::events {

std::string pack(std::string_view unpacked);
base::Result<std::string> unpack(std::string_view packed, std::uint64_t bytes_max);

}  // namespace stormproof::events
