// Encoding: what the bytes of a scenario must be before YAML is read from them.
//
// UTF-8 (a byte order mark is taken off), lines ending in LF or CRLF, no control characters, no tabs in the
// indentation, at most `scenario_bytes_max` in all and `line_bytes_max` a line. yaml-cpp itself lets much of this pass
// and then means something else.
#pragma once

#include <cstddef>

#include "scenarios/complaints.h"
#include "scenarios/source.h"

namespace stormproof::scenarios {

inline constexpr std::size_t scenario_bytes_max = std::size_t{1} << 20U;  // 1 MiB
inline constexpr std::size_t line_bytes_max = std::size_t{16} << 10U;     // 16 KiB: columns are counted in characters

// Complains about each line that is not so, about each cause once a line.
void check_encoding(const Source& source, Complaints& complaints);

}  // namespace stormproof::scenarios
