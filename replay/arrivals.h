// Arrivals file: the times at which requests came to something real, from a trace that somebody published.
//
// CSV or one time a line. The times are in the first column that holds one, or in the one that is named: dates
// ("2023-11-16 18:17:03.9799600", also with T and Z, up to nanoseconds, taken as UTC) or seconds as decimal numbers. A first line
// without a time is a header. Times need not be in order. An error names file and line; nothing is skipped.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "harness/base/clock.h"
#include "harness/base/error.h"

namespace stormproof::replay {

inline constexpr std::size_t arrivals_max = 50'000'000;

// In order, at least one. `column`: its name in the header, or its number from 1; "" is the first that holds a time.
base::Result<std::vector<base::Time>> read_arrivals(const std::string& path, std::string_view column = "");

// A date or seconds; exact to the nanosecond, further digits are dropped.
base::Result<base::Time> parse_arrival(std::string_view text);

}  // namespace stormproof::replay
