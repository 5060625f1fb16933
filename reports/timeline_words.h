// Timeline, in words: for who cannot see the drawing, and for what a pointer rests on. Pure; not escaped.
#pragma once

#include <cstddef>
#include <string>

#include "reports/timeline.h"

namespace stormproof::reports {

// An instant as the drawing counts time, from its beginning: "20.1 s", in a run above ten minutes "12:05".
std::string clock_of(const Timeline& line, Time at);
std::string clock_text(const Timeline& line, double seconds);

// How many a second in a bin.
double rate_of(const Timeline& line, std::uint64_t count, std::size_t bin);

// The whole run in a paragraph.
std::string describe(const Timeline& line);

// One bin in a line.
std::string describe(const Timeline& line, std::size_t bin);

}  // namespace stormproof::reports
