#include "replay/arrivals.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <fstream>
#include <optional>
#include <utility>

namespace stormproof::replay {
namespace {

using base::Nanoseconds;
using base::Time;

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view around = " \t\r\"";
  const std::size_t first = text.find_first_not_of(around);
  return first == text.npos ? std::string_view() : text.substr(first, text.find_last_not_of(around) - first + 1);
}

std::vector<std::string_view> cells_of(std::string_view line) {
  std::vector<std::string_view> cells;
  while (true) {
    const std::size_t end = line.find_first_of(",;\t");
    cells.push_back(trimmed(line.substr(0, end)));
    if (end == line.npos) return cells;
    line.remove_prefix(end + 1);
  }
}

bool digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

std::optional<std::int64_t> number(std::string_view text) {
  std::int64_t value = 0;
  if (!digits(text)) return std::nullopt;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  return code == std::errc{} ? std::optional(value) : std::nullopt;
}

// ".9799600" as nanoseconds; "" is none.
std::optional<Nanoseconds> fraction(std::string_view text) {
  if (text.empty()) return Nanoseconds(0);
  if (text.front() != '.' || !digits(text.substr(1))) return std::nullopt;
  std::string nine(text.substr(1, 9));
  nine.resize(9, '0');
  return Nanoseconds(*number(nine));
}

std::optional<Time> parse_date(std::string_view text) {
  if (text.size() < 19 || text[4] != '-' || text[7] != '-' || (text[10] != ' ' && text[10] != 'T') || text[13] != ':' ||
      text[16] != ':')
    return std::nullopt;
  const auto field = [&](std::size_t at, std::size_t length) { return number(text.substr(at, length)); };
  const auto year = field(0, 4), month = field(5, 2), day = field(8, 2);
  const auto hour = field(11, 2), minute = field(14, 2), second = field(17, 2);
  if (!year || !month || !day || !hour || !minute || !second) return std::nullopt;
  std::string_view rest = text.substr(19);
  if (rest.ends_with('Z')) rest.remove_suffix(1);
  else if (rest.ends_with("+00:00")) rest.remove_suffix(6);
  const auto below = fraction(rest);
  const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(*year)),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!below || !date.ok() || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  return Time(std::chrono::sys_days(date)) + std::chrono::hours(*hour) + std::chrono::minutes(*minute) +
         std::chrono::seconds(*second) + *below;
}

std::optional<Time> parse_seconds(std::string_view text) {
  constexpr std::int64_t seconds_max = 9'000'000'000;  // the year 2255, what nanoseconds hold
  const std::size_t point = std::min(text.find('.'), text.size());
  const auto whole = number(text.substr(0, point));
  const auto below = fraction(text.substr(point));
  if (!whole || !below || *whole > seconds_max) return std::nullopt;
  return Time(std::chrono::seconds(*whole)) + *below;
}

class ArrivalsReader {
 public:
  ArrivalsReader(const std::string& path, std::string_view column) : path_(path), column_(column) {}

  base::Result<std::vector<Time>> read() {
    std::ifstream in(path_);
    if (!in) return base::fail_errno("cannot open " + path_, errno);
    std::string line;
    while (std::getline(in, line)) {
      ++line_;
      if (line_ == 1 && line.starts_with("\xef\xbb\xbf")) line.erase(0, 3);
      if (trimmed(line).empty() || line.starts_with('#')) continue;
      if (const auto taken = take(line); !taken) return std::unexpected(taken.error());
    }
    if (in.bad()) return base::fail_errno("cannot read " + path_, errno);
    if (times_.empty()) return base::fail(path_ + " holds no arrival time");
    std::ranges::sort(times_);
    return std::move(times_);
  }

 private:
  base::Result<void> take(std::string_view line) {
    const auto cells = cells_of(line);
    const bool first = !std::exchange(begun_, true);
    if (first) {
      const auto found = find_column(cells);
      if (!found) return std::unexpected(found.error());
      if (!*found) return {};
    } else if (!index_) {
      index_ = first_time(cells);
    }
    if (!index_ || *index_ >= cells.size()) return wrong("it has no time");
    const auto time = parse_arrival(cells[*index_]);
    if (!time) return wrong(time.error().message);
    if (times_.size() == arrivals_max) return wrong(fmt::format("there are more than {} times", arrivals_max));
    times_.push_back(*time);
    return {};
  }

  // Of the first line. False: it is a header.
  base::Result<bool> find_column(const std::vector<std::string_view>& cells) {
    if (column_.empty()) {
      index_ = first_time(cells);
      return index_.has_value();
    }
    if (const auto named = std::ranges::find(cells, column_); named != cells.end()) {
      index_ = static_cast<std::size_t>(named - cells.begin());
      return false;
    }
    const auto counted = number(column_);
    if (!counted || *counted == 0 || static_cast<std::size_t>(*counted) > cells.size()) {
      return base::fail(fmt::format("{} has no column '{}'; it has {}", path_, column_, fmt::join(cells, ", ")));
    }
    index_ = static_cast<std::size_t>(*counted) - 1;
    return parse_arrival(cells[*index_]).has_value();
  }

  static std::optional<std::size_t> first_time(const std::vector<std::string_view>& cells) {
    const auto found =
        std::ranges::find_if(cells, [](std::string_view cell) { return parse_arrival(cell).has_value(); });
    return found == cells.end() ? std::nullopt : std::optional(static_cast<std::size_t>(found - cells.begin()));
  }

  std::unexpected<base::Error> wrong(const std::string& what) const {
    return base::fail(fmt::format("{}:{}: {}", path_, line_, what));
  }

  const std::string& path_;
  std::string_view column_;
  std::optional<std::size_t> index_;
  std::vector<Time> times_;
  std::size_t line_ = 0;
  bool begun_ = false;
};

}  // namespace

base::Result<Time> parse_arrival(std::string_view text) {
  if (const auto date = parse_date(text)) return *date;
  if (const auto seconds = parse_seconds(text)) return *seconds;
  return base::fail(
      fmt::format("'{}' is no time; write it like 2023-11-16 18:17:03.9799600, or in seconds like 12.5", text));
}

base::Result<std::vector<Time>> read_arrivals(const std::string& path, std::string_view column) {
  return ArrivalsReader(path, column).read();
}

}  // namespace stormproof::replay
