// Long because: every kind of scalar is read, named and patterned in one place.
#include "scenarios/form.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <boost/json/parse.hpp>
#include <boost/url/authority_view.hpp>
#include <boost/url/ipv4_address.hpp>
#include <boost/url/parse.hpp>
#include <charconv>
#include <cmath>

#include "harness/base/units.h"
#include "scenarios/diagnostic.h"
#include "scenarios/source.h"
#include "scenarios/suggestion.h"

namespace stormproof::scenarios {
namespace {

using Reading = std::expected<Value, Refusal>;

std::unexpected<Refusal> refuse(std::string message, std::string suggestion = {}) {
  return std::unexpected(Refusal{std::move(message), std::move(suggestion)});
}

template <typename T>
Reading from(base::Result<T>&& result) {
  if (!result) return refuse(std::move(result.error().message));
  return Value(*result);
}

constexpr std::array<std::string_view, 2> flag_words = {"true", "false"};
constexpr std::array<std::string_view, 2> verdict_words = {"violated", "inconclusive"};
constexpr std::array<std::string_view, 2> moment_words = {"request", "response"};
constexpr std::array<std::string_view, 2> draw_unit_words = {"calls", "requests"};
constexpr std::array<std::string_view, 2> legality_words = {"legal", "illegal"};
constexpr std::array<std::string_view, 4> misframing_words = {"length-and-chunked", "two-lengths", "cut-chunk",
                                                              "bad-chunk-size"};
constexpr std::array<std::string_view, 3> no_answer_words = {"empty", "reset", "random"};
constexpr std::array<std::string_view, 1> probe_words = {"rate-limit"};
constexpr std::array<std::string_view, 2> quota_words = {"own", "shared"};
constexpr std::array<std::string_view, 7> algorithm_words = {
    "token-bucket", "leaky-queue", "fixed-window", "sliding-log", "sliding-counter", "penalised", "concurrency"};
constexpr std::array<std::string_view, 3> trace_header_words = {"traceparent", "b3", "x-b3"};
constexpr std::array<std::string_view, 4> breaker_scope_words = {"host", "service", "instance", "shared"};
constexpr std::array<std::string_view, 3> likeness_words = {"not-empty", "json", "as-usual"};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// RFC 9110 §5.6.2.
bool is_token(std::string_view text) {
  static constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
  return !text.empty() &&
         std::ranges::all_of(text, [](char c) { return is_digit(c) || is_letter(c) || marks.contains(c); });
}

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

Reading read_whole(std::string_view text, std::int64_t min, std::int64_t max, std::string_view what) {
  std::int64_t number = 0;
  const auto [rest, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole =
      !text.empty() && is_digit(text.front()) && code == std::errc{} && rest == text.data() + text.size();
  if (!whole || number < min || number > max) return refuse(fmt::format("{} is not {}", in_quotes(text), what));
  return Value(number);
}

// A port that is written, from 1 to 65535. Boost.URL lets any digits pass.
bool is_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [rest, code] = std::from_chars(text.data(), text.data() + text.size(), port);
  return code == std::errc{} && rest == text.data() + text.size() && port != 0;
}

Reading read_line(std::string_view text) {
  if (trimmed(text).empty()) return refuse("is empty");
  if (std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20; }))
    return refuse("must be one line");
  if (characters_in(text) > line_characters_max)
    return refuse(fmt::format("is longer than {} characters", line_characters_max));
  return Value(std::string(text));
}

Reading read_word(std::string_view text, std::span<const std::string_view> words) {
  if (std::ranges::find(words, text) != words.end()) return Value(std::string(text));
  const std::vector<std::string> known(words.begin(), words.end());
  return refuse(fmt::format("{} is not {}", in_quotes(text), fmt::join(known, " or ")), nearest(text, known));
}

Reading read_flag(std::string_view text) {
  if (text == "true" || text == "false") return Value(text == "true");
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](char c) { return is_letter(c) ? static_cast<char>(c | 0x20) : c; });
  const bool yes = lower == "yes" || lower == "on" || lower == "y" || lower == "true" || lower == "1";
  const bool no = lower == "no" || lower == "off" || lower == "n" || lower == "false" || lower == "0";
  return refuse(fmt::format("{} is not true or false", in_quotes(text)), yes ? "true" : no ? "false" : "");
}

Reading read_duration(std::string_view text, bool zero_allowed) {
  auto duration = base::parse_duration(text);
  if (duration && *duration == Nanoseconds(0) && !zero_allowed)
    return refuse(fmt::format("{} is not above zero", in_quotes(text)));
  return from(std::move(duration));
}

Reading read_rate(std::string_view text) {
  auto rate = base::parse_rate(text);
  if (rate && *rate <= 0) return refuse(fmt::format("{} is not above zero", in_quotes(text)));
  if (rate && *rate > rate_per_second_max)
    return refuse(fmt::format("{} is above {}/s", in_quotes(text), rate_per_second_max));
  return from(std::move(rate));
}

Reading read_rate_or_none(std::string_view text) {
  if (const auto rate = base::parse_rate(text); rate && *rate == 0) return Value(0.0);
  return read_rate(text);
}

Reading read_connections(std::string_view text) {
  constexpr std::array<std::string_view, 2> ways = {"recorded", "session"};
  if (std::ranges::find(ways, text) != ways.end()) return Value(std::string(text));
  std::int64_t number = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (code == std::errc{} && end == text.data() + text.size() && number >= 1 && number <= connections_highest)
    return Value(std::string(text));
  return refuse(
      fmt::format("{} is not a number from 1 to {}, recorded or session", in_quotes(text), connections_highest),
      nearest(text, std::vector<std::string>(ways.begin(), ways.end())));
}

Reading read_percent(std::string_view text) {
  auto share = base::parse_percent(text);
  if (!share && !text.empty() && std::ranges::all_of(text, [](char c) { return is_digit(c) || c == '.'; })) {
    return refuse(fmt::format("{} has no unit; a percentage carries %", in_quotes(text)), std::string(text) + "%");
  }
  return from(std::move(share));
}

Reading read_factor(std::string_view text) {
  auto factor = base::parse_factor(text);
  if (factor && *factor > factor_max) return refuse(fmt::format("{} is above {}x", in_quotes(text), factor_max));
  return from(std::move(factor));
}

Reading read_around(std::string_view text) {
  std::size_t at = std::string_view::npos;
  std::size_t length = 0;
  for (const std::string_view mark : {"±", "+-", "+/-"}) {
    if (at = text.find(mark), length = mark.size(); at != std::string_view::npos) break;
  }
  Around around{.tolerance = tolerance_default};
  const auto value = read_duration(trimmed(text.substr(0, at)), false);
  if (!value) return value;
  around.value = std::get<Nanoseconds>(*value);
  if (at != std::string_view::npos) {
    const auto tolerance = read_percent(trimmed(text.substr(at + length)));
    if (!tolerance) return refuse("the tolerance " + tolerance.error().message, tolerance.error().suggestion);
    around.tolerance = std::get<double>(*tolerance);
    if (around.tolerance <= 0) return refuse("a tolerance of 0% is never met");
  }
  return Value(around);
}

Reading read_url(std::string_view text) {
  const auto url = boost::urls::parse_uri(text);
  if (!url) {
    const bool bare = text.contains(':') && !text.contains("//") &&
                      boost::urls::parse_uri(fmt::format("http://{}", text)).has_value();
    if (bare) return refuse(fmt::format("{} is not a URL", in_quotes(text)), fmt::format("http://{}", text));
    return refuse(fmt::format("{} is not a URL; write it like http://127.0.0.1:8082", in_quotes(text)));
  }
  const bool tls = url->scheme_id() == boost::urls::scheme::https;
  if (!tls && url->scheme_id() != boost::urls::scheme::http) {
    if (!url->has_authority())
      return refuse(fmt::format("{} is not a URL", in_quotes(text)), fmt::format("http://{}", text));
    return refuse(fmt::format("{} begins with {}://; only http and https are spoken", in_quotes(text),
                              std::string(url->scheme())));
  }
  if (!url->has_authority() || url->encoded_host().empty())
    return refuse(fmt::format("{} has no host", in_quotes(text)));
  if (url->has_userinfo()) return refuse("a URL here has no user and password");
  if (url->has_port() && !url->port().empty() && !is_port(std::string(url->port())))
    return refuse(fmt::format("the port of {} is not 1 to 65535", in_quotes(text)));
  const std::string origin = fmt::format("{}://{}", tls ? "https" : "http", std::string(url->encoded_authority()));
  const bool path = !url->encoded_path().empty() && url->encoded_path() != "/";
  if (path || url->has_query() || url->has_fragment()) {
    return refuse(fmt::format("{} has more than a scheme, a host and a port", in_quotes(text)), origin);
  }
  return Value(origin);
}

Reading read_size(std::string_view text) {
  const auto bytes = base::parse_bytes(text);
  if (!bytes) return refuse(bytes.error().message);
  if (*bytes == 0) return refuse(fmt::format("{} is not above zero", in_quotes(text)));
  if (*bytes > std::uint64_t{1} << 62U) return refuse(fmt::format("{} is too large", in_quotes(text)));
  return Value(static_cast<std::int64_t>(*bytes));
}

Reading read_address(std::string_view text) {
  const auto authority = boost::urls::parse_authority(text);
  if (!authority || authority->has_userinfo()) {
    const bool url = text.starts_with("http://");
    std::string bare(url ? text.substr(7) : "");
    if (bare.ends_with('/')) bare.pop_back();
    return refuse(fmt::format("{} is not an address; write it like 127.0.0.1:19001", in_quotes(text)), std::move(bare));
  }
  if (authority->encoded_host().empty()) {
    return refuse(fmt::format("{} has no host", in_quotes(text)), fmt::format("127.0.0.1{}", text));
  }
  if (!authority->has_port() || authority->port().empty()) {
    return refuse(fmt::format("{} has no port; write it like 127.0.0.1:19001", in_quotes(text)));
  }
  if (!is_port(std::string(authority->port())))
    return refuse(fmt::format("the port of {} is not 1 to 65535", in_quotes(text)));
  return Value(std::string(text));
}

Reading read_path(std::string_view text, bool pattern) {
  const bool starts_well = text.starts_with('/') || (pattern && text.starts_with('*'));
  if (!starts_well)
    return refuse(fmt::format("{} does not begin with '/'", in_quotes(text)),
                  text.empty() ? "/" : fmt::format("/{}", text));
  if (std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7F; })) {
    return refuse(
        fmt::format("{} has a space in it; a path is written as it stands in the request line", in_quotes(text)));
  }
  return Value(std::string(text));
}

Reading read_method(std::string_view text) {
  if (!is_token(text)) return refuse(fmt::format("{} is not a method like GET or POST", in_quotes(text)));
  std::string upper(text);
  std::ranges::transform(upper, upper.begin(),
                         [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 0x20) : c; });
  if (upper != text) return refuse(fmt::format("{}: methods are written in capitals", in_quotes(text)), upper);
  return Value(std::move(upper));
}

Reading read_variable(std::string_view text) {
  const bool good = !text.empty() && !is_digit(text.front()) &&
                    std::ranges::all_of(text, [](char c) { return is_digit(c) || is_letter(c) || c == '_'; });
  if (!good) return refuse(fmt::format("{} is not the name of an environment variable", in_quotes(text)));
  return Value(std::string(text));
}

Reading read_header_name(std::string_view text) {
  if (!is_token(text)) return refuse(fmt::format("{} is not the name of a header", in_quotes(text)));
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
  if (lower == "content-length" || lower == "transfer-encoding" || lower == "connection" || lower == "upgrade") {
    return refuse(fmt::format("{} is set by stormproof itself", in_quotes(text)));
  }
  return Value(std::string(text));
}

Reading read_ipv4(std::string_view text) {
  if (boost::urls::parse_ipv4_address(text)) return Value(std::string(text));
  return refuse(fmt::format("{} is not an address like 127.0.0.2", in_quotes(text)));
}

Reading read_json(std::string_view text) {
  boost::json::error_code error;
  static_cast<void>(boost::json::parse({text.data(), text.size()}, error));
  if (error) return refuse(fmt::format("{} is not JSON: {}", in_quotes(text), error.message()));
  return Value(std::string(text));
}

Reading read_number(std::string_view text) {
  double number = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (code != std::errc{} || end != text.data() + text.size() || !(number > 0) || !std::isfinite(number))
    return refuse(fmt::format("{} is not a number above 0", in_quotes(text)));
  return Value(number);
}

Reading read_header_value(std::string_view text) {
  if (std::ranges::any_of(text,
                          [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F; })) {
    return refuse("the value of a header is one line without control characters");
  }
  return Value(std::string(text));
}

}  // namespace

std::expected<Value, Refusal> read(Form form, std::string_view text) {
  switch (form) {
    case Form::version: return read_whole(text, 1, 1, "a version that this stormproof knows; it knows 1");
    case Form::text: return Value(std::string(text));
    case Form::line: return read_line(text);
    case Form::flag: return read_flag(text);
    case Form::count: return read_whole(text, 0, std::int64_t{1} << 53U, "a whole number");
    case Form::status: return read_whole(text, 200, 599, "a status from 200 to 599");
    case Form::duration: return read_duration(text, false);
    case Form::duration_or_zero: return read_duration(text, true);
    case Form::rate: return read_rate(text);
    case Form::rate_or_none: return read_rate_or_none(text);
    case Form::connections: return read_connections(text);
    case Form::percent: return read_percent(text);
    case Form::factor: return read_factor(text);
    case Form::around: return read_around(text);
    case Form::url: return read_url(text);
    case Form::size: return read_size(text);
    case Form::address: return read_address(text);
    case Form::path: return read_path(text, false);
    case Form::path_pattern: return read_path(text, true);
    case Form::method: return read_method(text);
    case Form::variable: return read_variable(text);
    case Form::header_name: return read_header_name(text);
    case Form::header_value: return read_header_value(text);
    case Form::json: return read_json(text);
    case Form::ipv4: return read_ipv4(text);
    case Form::number: return read_number(text);
    default: return read_word(text, words(form));
  }
}

std::string_view noun(Form form) {
  switch (form) {
    case Form::version: return "the version of the language, 1";
    case Form::text:
    case Form::line:
    case Form::header_value: return "text";
    case Form::flag: return "true or false";
    case Form::count: return "a whole number";
    case Form::status: return "a status from 200 to 599";
    case Form::duration:
    case Form::duration_or_zero: return "a duration like 250ms or 3s";
    case Form::rate:
    case Form::rate_or_none: return "a rate like 200/s";
    case Form::connections: return "a number, recorded or session";
    case Form::percent: return "a percentage like 0.1%";
    case Form::factor: return "a factor like 2x";
    case Form::around: return "a duration with a tolerance like 2s ± 20%";
    case Form::url: return "a URL like http://127.0.0.1:8082";
    case Form::size: return "a size like 64MiB";
    case Form::address: return "an address like 127.0.0.1:19001";
    case Form::path: return "a path like /healthz";
    case Form::path_pattern: return "a path pattern like /orders/*";
    case Form::method: return "a method like GET";
    case Form::variable: return "the name of an environment variable";
    case Form::header_name: return "the name of a header";
    case Form::verdict: return "violated or inconclusive";
    case Form::moment: return "request or response";
    case Form::draw_unit: return "calls or requests";
    case Form::legality: return "legal or illegal";
    case Form::misframing: return "length-and-chunked, two-lengths, cut-chunk or bad-chunk-size";
    case Form::no_answer: return "empty, reset or random";
    case Form::breaker_scope: return "host, service, instance or shared";
    case Form::likeness: return "not-empty, json or as-usual";
    case Form::trace_header: return "traceparent, b3 or x-b3";
    case Form::json: return "JSON in quotes";
    case Form::probe: return "rate-limit";
    case Form::quota: return "own or shared";
    case Form::algorithm: return "the name of an algorithm like token-bucket";
    case Form::ipv4: return "an address like 127.0.0.2";
    case Form::number: return "a number like 1.5";
  }
  return "text";
}

std::string_view pattern(Form form) {
  switch (form) {
    case Form::line: return "\\S";
    case Form::duration: return "^(?=.*[1-9])[0-9]+(\\.[0-9]*)? ?(ns|us|µs|ms|s|m|h)$";
    case Form::duration_or_zero: return "^[0-9]+(\\.[0-9]*)? ?(ns|us|µs|ms|s|m|h)$";
    case Form::rate: return "^(?=.*[1-9])[0-9]+(\\.[0-9]*)? ?/[smh]$";
    case Form::rate_or_none: return "^[0-9]+(\\.[0-9]*)? ?/[smh]$";
    case Form::connections: return "^([1-9][0-9]*|recorded|session)$";
    case Form::percent: return "^[0-9]+(\\.[0-9]*)? ?%$";
    case Form::factor: return "^(?=.*[1-9])[0-9]+(\\.[0-9]*)? ?x$";
    case Form::around:
      return "^ *(?=.*[1-9])[0-9]+(\\.[0-9]*)? ?(ns|us|µs|ms|s|m|h) *((±|\\+/?-) *[0-9]+(\\.[0-9]*)? ?% *)?$";
    case Form::url: return "^[hH][tT][tT][pP][sS]?://[^/?#@]+/?$";
    case Form::size: return "^(?=.*[1-9])[0-9]+(\\.[0-9]*)? ?([KMG]i?)?B$";
    case Form::address: return "^[^/?#@]+:[0-9]+$";
    case Form::path: return "^/[^ ]*$";
    case Form::path_pattern: return "^[/*][^ ]*$";
    case Form::method: return "^[^a-z ]+$";
    case Form::variable: return "^[A-Za-z_][A-Za-z0-9_]*$";
    case Form::header_name: return "^[^ :]+$";
    case Form::ipv4: return "^[0-9]+([.][0-9]+){3}$";
    case Form::number: return "^(?=.*[1-9])[0-9]+(\\.[0-9]*)?$";
    default: return "";
  }
}

std::span<const std::string_view> words(Form form) {
  switch (form) {
    case Form::flag: return flag_words;
    case Form::verdict: return verdict_words;
    case Form::moment: return moment_words;
    case Form::draw_unit: return draw_unit_words;
    case Form::legality: return legality_words;
    case Form::misframing: return misframing_words;
    case Form::no_answer: return no_answer_words;
    case Form::probe: return probe_words;
    case Form::quota: return quota_words;
    case Form::algorithm: return algorithm_words;
    case Form::breaker_scope: return breaker_scope_words;
    case Form::likeness: return likeness_words;
    case Form::trace_header: return trace_header_words;
    default: return {};
  }
}

}  // namespace stormproof::scenarios
