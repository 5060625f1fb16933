// Units: numbers as people write them, "250ms", "200/s", "0.1%", "64MiB", and back.
//
// A unit is never guessed: "250" is not a duration. Parsers take the whole text, nothing before or after.
// The errors say what was found and what is allowed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "harness/base/clock.h"
#include "harness/base/error.h"

namespace stormproof::base {

// ns, us (or µs), ms, s, m, h; a decimal fraction is allowed, a sign is not. "1.5s".
Result<Nanoseconds> parse_duration(std::string_view text);

// Events per second: "200/s", "12/m", "5/h".
Result<double> parse_rate(std::string_view text);

// A share in [0, 1] from "0%" to "100%".
Result<double> parse_percent(std::string_view text);

// A factor above 0: "2x", "0.5x".
Result<double> parse_factor(std::string_view text);

// B, KB, MB, GB (powers of 1000), KiB, MiB, GiB (powers of 1024).
Result<std::uint64_t> parse_bytes(std::string_view text);

// Three significant digits and the unit that reads best: "1.50 ms", "250 ms", "12.0 s".
std::string format_duration(Nanoseconds duration);

// The same without a space and without zeros at the end, as parse_duration reads it: "1.5ms".
std::string format_duration_exact(Nanoseconds duration);

std::string format_percent(double share);
std::string format_rate(double per_second);
std::string format_bytes(std::uint64_t bytes);

// "2026-11-23T09:36:00.123Z".
std::string format_time(Time time);

}  // namespace stormproof::base
