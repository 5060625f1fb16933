#include "harness/wire/advice.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include "harness/base/seed.h"
#include "harness/wire/characters.h"

namespace stormproof::wire {
namespace {

using events::Advice;
using events::Dialect;

// A number of seconds above this is an instant: 2001.
constexpr std::uint64_t epoch_least = 1'000'000'000;

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && (is_blank(text.back()) || text.back() == '\r')) text.remove_suffix(1);
  return text;
}

// The number at the beginning; a fraction counts as one more.
std::optional<std::uint64_t> number_at(std::string_view text) {
  text = trimmed(text);
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (end == text.data()) return std::nullopt;
  if (error != std::errc()) return std::numeric_limits<std::uint64_t>::max();
  const std::string_view rest(end, static_cast<std::size_t>(text.data() + text.size() - end));
  return rest.starts_with('.') ? number + 1 : number;
}

std::uint32_t narrow(std::uint64_t number) {
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(number, Advice::not_said - 1));
}

void put(std::uint32_t& into, std::optional<std::uint64_t> number) {
  if (number && into == Advice::not_said) into = narrow(*number);
}

// The value of `name=` among parameters.
std::optional<std::uint64_t> parameter(std::string_view text, std::string_view name) {
  for (std::size_t at = text.find(name); at != text.npos; at = text.find(name, at + 1)) {
    const bool begins = at == 0 || text[at - 1] == ';' || text[at - 1] == ',' || is_blank(text[at - 1]);
    const std::string_view rest = text.substr(at + name.size());
    if (begins && rest.starts_with('=')) return number_at(rest.substr(1));
  }
  return std::nullopt;
}

bool starts_ignoring_case(std::string_view text, std::string_view start) {
  return text.size() >= start.size() && equal_ignoring_case(text.substr(0, start.size()), start);
}

// Calls `take(name, value)` for each field line, until it says false.
template <typename Take>
void each_field(std::string_view head, Take take) {
  while (!head.empty()) {
    const std::size_t end = head.find('\n');
    const std::string_view line = head.substr(0, end);
    head.remove_prefix(end == head.npos ? head.size() : end + 1);
    if (line.empty() || line == "\r") return;
    const std::size_t colon = line.find(':');
    if (colon != line.npos && !take(line.substr(0, colon), line.substr(colon + 1))) return;
  }
}

class Reader {
 public:
  explicit Reader(base::Time now)
      : now_(std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count()) {}

  bool take(std::string_view name, std::string_view value) {
    switch (to_lower(name.empty() ? ' ' : name.front())) {
      case 'd':
        if (equal_ignoring_case(name, "Date")) {
          if (const auto date = parse_http_date(trimmed(value))) now_ = *date;
        }
        return true;
      case 'r':
        if (equal_ignoring_case(name, "Retry-After")) retry_after_ = trimmed(value);
        else if (starts_ignoring_case(name, "RateLimit")) rate_limit(name.substr(9), value, Dialect::separate);
        return true;
      case 'x':
        if (starts_ignoring_case(name, "X-RateLimit")) rate_limit(name.substr(11), value, Dialect::x_prefixed);
        else if (starts_ignoring_case(name, "X-Rate-Limit")) rate_limit(name.substr(12), value, Dialect::x_prefixed);
        return true;
      case 'g':
        if (equal_ignoring_case(name, "grpc-status"))
          advice_.grpc_status = static_cast<std::uint8_t>(std::min<std::uint64_t>(number_at(value).value_or(0), 0xFF));
        return true;
      default: return true;
    }
  }

  Advice finish() {
    if (!retry_after_.empty()) {
      if (const auto date = parse_http_date(retry_after_)) put(advice_.retry_after, until(*date));
      else put(advice_.retry_after, number_at(retry_after_));
    }
    put(advice_.reset, reset_ ? std::optional<std::uint64_t>(seconds_of(*reset_)) : std::nullopt);
    // Two ways to say when may differ by one, as each rounds in its way.
    if (reset_ && other_reset_) {
      const auto [least, most] = std::minmax(seconds_of(*reset_), seconds_of(*other_reset_));
      contradicts_ = contradicts_ || most - least > 1;
    }
    if (contradicts_) advice_.dialects |= static_cast<std::uint8_t>(Dialect::contradiction);
    return advice_;
  }

 private:
  std::uint64_t until(std::int64_t when) const {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(0, when - now_));
  }

  // What was said before by another dialect must be the same.
  void said(std::uint32_t& into, std::optional<std::uint64_t> number, Dialect dialect) {
    if (!number) return;
    advice_.dialects |= static_cast<std::uint8_t>(dialect);
    contradicts_ = contradicts_ || (into != Advice::not_said && into != narrow(*number));
    put(into, number);
  }

  // The Date that instants count from may come later.
  void said_reset(std::optional<std::uint64_t> number, Dialect dialect) {
    if (!number) return;
    advice_.dialects |= static_cast<std::uint8_t>(dialect);
    (reset_ ? other_reset_ : reset_) = number;
  }

  std::uint32_t seconds_of(std::uint64_t reset) const {
    return narrow(reset >= epoch_least ? until(static_cast<std::int64_t>(reset)) : reset);
  }

  void rate_limit(std::string_view rest, std::string_view value, Dialect dialect) {
    if (rest.empty()) {
      const bool combined = parameter(value, "limit") || parameter(value, "remaining") || parameter(value, "reset");
      const Dialect its = combined ? Dialect::combined : Dialect::structured;
      said(advice_.limit, parameter(value, "limit"), its);
      said(advice_.remaining, parameter(value, combined ? "remaining" : "r"), its);
      said_reset(parameter(value, combined ? "reset" : "t"), its);
    } else if (equal_ignoring_case(rest, "-Limit")) {
      said(advice_.limit, number_at(value), dialect);
      put(advice_.window, parameter(value, "w"));
    } else if (equal_ignoring_case(rest, "-Policy")) {
      const auto quota = parameter(value, "q");
      if (quota) said(advice_.limit, quota, Dialect::structured);
      put(advice_.window, parameter(value, "w"));
    } else if (equal_ignoring_case(rest, "-Remaining")) {
      said(advice_.remaining, number_at(value), dialect);
    } else if (equal_ignoring_case(rest, "-Reset")) {
      said_reset(number_at(value), dialect);
    }
  }

  Advice advice_;
  std::int64_t now_;
  std::string_view retry_after_;
  std::optional<std::uint64_t> reset_;
  std::optional<std::uint64_t> other_reset_;
  bool contradicts_ = false;
};

}  // namespace

events::Advice advice_in(std::string_view head, base::Time now) {
  Reader reader(now);
  each_field(head, [&](std::string_view name, std::string_view value) { return reader.take(name, value); });
  return reader.finish();
}

std::optional<std::int64_t> parse_http_date(std::string_view text) {
  constexpr std::array<std::string_view, 12> months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  constexpr std::string_view form = "Sun, 06 Nov 1994 08:49:37 GMT";
  if (text.size() != form.size() || !text.ends_with(" GMT") || text[4] != ' ' || text[19] != ':' || text[22] != ':')
    return std::nullopt;
  const auto month = std::ranges::find(months, text.substr(8, 3)) - months.begin();
  const auto digits = [text](std::size_t at, std::size_t count) {
    int number = -1;
    const char* const end = text.data() + at + count;
    const auto read = std::from_chars(text.data() + at, end, number);
    return read.ptr == end && number >= 0 ? number : -1;
  };
  const int day = digits(5, 2), year = digits(12, 4), hour = digits(17, 2), minute = digits(20, 2),
            second = digits(23, 2);
  if (month == std::ssize(months) || day < 1 || year < 0 || hour < 0 || minute < 0 || second < 0) return std::nullopt;
  const std::chrono::year_month_day date(std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month) + 1),
                                         std::chrono::day(static_cast<unsigned>(day)));
  if (!date.ok() || hour > 23 || minute > 59 || second > 60) return std::nullopt;
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::sys_days(date).time_since_epoch()).count() +
         hour * 3600 + minute * 60 + second;
}

std::uint32_t digest_of_field(std::string_view fields, std::string_view name) {
  std::uint32_t digest = 0;
  if (name.empty()) return digest;
  each_field(fields, [&](std::string_view field, std::string_view value) {
    if (!equal_ignoring_case(field, name)) return true;
    digest = std::max<std::uint32_t>(1, static_cast<std::uint32_t>(base::draw(1, trimmed(value), 0)));
    return false;
  });
  return digest;
}

}  // namespace stormproof::wire
