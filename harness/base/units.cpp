#include "harness/base/units.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <span>

namespace stormproof::base {
namespace {

struct Unit {
  std::string_view name;
  double factor;
};

constexpr std::array duration_units = {Unit{"ns", 1},  Unit{"us", 1e3}, Unit{"µs", 1e3},  Unit{"ms", 1e6},
                                       Unit{"s", 1e9}, Unit{"m", 60e9}, Unit{"h", 3600e9}};
constexpr std::array rate_units = {Unit{"/s", 1}, Unit{"/m", 1.0 / 60}, Unit{"/h", 1.0 / 3600}};
constexpr std::array byte_units = {
    Unit{"B", 1},        Unit{"KB", 1e3},        Unit{"MB", 1e6},          Unit{"GB", 1e9},
    Unit{"KiB", 1024.0}, Unit{"MiB", 1048576.0}, Unit{"GiB", 1073741824.0}};

// A number without sign or exponent, then one of `units`. `kind` and `example` make the error.
Result<double> parse_with_unit(std::string_view text, std::span<const Unit> units, std::string_view kind,
                               std::string_view example) {
  double number = 0;
  const char* const end = text.data() + text.size();
  const bool starts_well = !text.empty() && text.front() >= '0' && text.front() <= '9';
  const auto [rest, code] = starts_well ? std::from_chars(text.data(), end, number, std::chars_format::fixed)
                                        : std::from_chars_result{text.data(), std::errc::invalid_argument};
  if (code != std::errc{}) return fail(fmt::format("'{}' is not a {}; write it like {}", text, kind, example));
  std::string_view unit(rest, static_cast<std::size_t>(end - rest));
  if (unit.starts_with(' ')) unit.remove_prefix(1);
  for (const Unit& candidate : units) {
    if (unit == candidate.name) return number * candidate.factor;
  }
  if (unit.empty()) return fail(fmt::format("'{}' has no unit; a {} is written like {}", text, kind, example));
  std::string names;
  for (const Unit& candidate : units) names += (names.empty() ? "" : ", ") + std::string(candidate.name);
  return fail(fmt::format("'{}' has the unknown unit '{}'; a {} is in {}", text, unit, kind, names));
}

std::string trim_zeros(std::string number) {
  if (number.find('.') == std::string::npos) return number;
  number.erase(number.find_last_not_of('0') + 1);
  if (number.ends_with('.')) number.pop_back();
  return number;
}

// Three significant digits, never an exponent.
std::string three_digits(double value) {
  const double magnitude = std::abs(value);
  const int decimals = magnitude >= 99.95 ? 0 : magnitude >= 9.995 ? 1 : 2;
  return fmt::format("{:.{}f}", value, decimals);
}

}  // namespace

Result<Nanoseconds> parse_duration(std::string_view text) {
  const auto nanoseconds = parse_with_unit(text, duration_units, "duration", "250ms or 3s");
  if (!nanoseconds) return std::unexpected(nanoseconds.error());
  if (*nanoseconds > 365.0 * 24 * 3600e9) return fail(fmt::format("'{}' is longer than a year", text));
  return Nanoseconds(std::llround(*nanoseconds));
}

Result<double> parse_rate(std::string_view text) { return parse_with_unit(text, rate_units, "rate", "200/s"); }

Result<double> parse_percent(std::string_view text) {
  constexpr std::array units = {Unit{"%", 0.01}};
  const auto share = parse_with_unit(text, units, "percentage", "0.1%");
  if (share && *share > 1.0) return fail(fmt::format("'{}' is above 100%", text));
  return share;
}

Result<double> parse_factor(std::string_view text) {
  constexpr std::array units = {Unit{"x", 1}};
  const auto factor = parse_with_unit(text, units, "factor", "2x");
  if (factor && *factor <= 0) return fail(fmt::format("'{}' is not above 0x", text));
  return factor;
}

Result<std::uint64_t> parse_bytes(std::string_view text) {
  const auto bytes = parse_with_unit(text, byte_units, "size", "64MiB");
  if (!bytes) return std::unexpected(bytes.error());
  if (*bytes > 9e18) return fail(fmt::format("'{}' is too large", text));
  return static_cast<std::uint64_t>(std::llround(*bytes));
}

std::string format_duration(Nanoseconds duration) {
  const double ns = static_cast<double>(duration.count());
  const double magnitude = std::abs(ns);
  if (magnitude < 999.5) return fmt::format("{:.0f} ns", ns);
  if (magnitude < 999.5e3) return three_digits(ns / 1e3) + " µs";
  if (magnitude < 999.5e6) return three_digits(ns / 1e6) + " ms";
  if (magnitude < 600e9) return three_digits(ns / 1e9) + " s";
  if (magnitude < 6 * 3600e9) return three_digits(ns / 60e9) + " min";
  return three_digits(ns / 3600e9) + " h";
}

std::string format_duration_exact(Nanoseconds duration) {
  const auto ns = duration.count();
  for (const auto& [name, factor] :
       {Unit{"h", 3600e9}, Unit{"m", 60e9}, Unit{"s", 1e9}, Unit{"ms", 1e6}, Unit{"us", 1e3}}) {
    const auto unit = static_cast<std::int64_t>(factor);
    if (ns >= unit && ns % (unit >= 60'000'000'000 ? unit : unit / 1000) == 0) {
      return trim_zeros(fmt::format("{:.3f}", static_cast<double>(ns) / factor)) + std::string(name);
    }
  }
  return fmt::format("{}ns", ns);
}

std::string format_percent(double share) {
  const double percent = share * 100;
  if (percent == 0 || percent >= 99.95) return trim_zeros(fmt::format("{:.2f}", percent)) + "%";
  if (percent < 0.01) return trim_zeros(fmt::format("{:.4f}", percent)) + "%";
  return trim_zeros(fmt::format("{:.{}f}", percent, percent < 1 ? 3 : 2)) + "%";
}

std::string format_rate(double per_second) {
  return trim_zeros(fmt::format("{:.{}f}", per_second, per_second < 10 ? 2 : 1)) + "/s";
}

std::string format_bytes(std::uint64_t bytes) {
  if (bytes < 1024) return fmt::format("{} B", bytes);
  double value = static_cast<double>(bytes);
  std::string_view unit;
  for (const std::string_view name : {"KiB", "MiB", "GiB", "TiB"}) {
    unit = name;
    value /= 1024;
    if (value < 1023.5) break;
  }
  return three_digits(value) + " " + std::string(unit);
}

std::string format_time(Time time) {
  const auto milliseconds = std::chrono::floor<std::chrono::milliseconds>(time);
  const auto seconds = std::chrono::floor<std::chrono::seconds>(milliseconds);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(std::chrono::system_clock::to_time_t(seconds)),
                     (milliseconds - seconds).count());
}

}  // namespace stormproof::base
