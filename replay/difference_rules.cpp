#include "replay/difference_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "harness/base/glob.h"

namespace stormproof::replay {
namespace {

std::string lower(std::string_view text) {
  std::string lowered(text);
  std::ranges::transform(lowered, lowered.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return lowered;
}

std::unexpected<base::Error> senseless(std::string_view pattern, std::string_view why) {
  return base::fail(
      fmt::format("'{}' is no pattern: {}; patterns look like $.items[*].price, $..updated_at, status or header:etag",
                  pattern, why));
}

base::Result<double> parse_amount(std::string_view text, std::string_view whole) {
  double amount = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), amount);
  if (code != std::errc{} || end != text.data() + text.size() || !std::isfinite(amount) || amount < 0) {
    return base::fail(fmt::format("'{}' is no tolerance: write $.price=0.01 or $.price=1%", whole));
  }
  return amount;
}

}  // namespace

base::Result<PathPattern> PathPattern::parse(std::string_view text) {
  if (text.size() > pattern_bytes_max)
    return base::fail(fmt::format("a pattern has at most {} bytes", pattern_bytes_max));
  PathPattern pattern;
  std::string_view rest = text;
  // A route is "METHOD /path", so the pattern begins behind its last space that is before a subject.
  for (const std::string_view subject : {" $", " status", " header:", " body"}) {
    const auto at = text.find(subject);
    if (at == text.npos) continue;
    pattern.route_ = text.substr(0, at);
    rest = text.substr(at + 1);
    break;
  }
  if (rest == "status") {
    pattern.subject_ = Subject::status;
    return pattern;
  }
  if (rest == "body") return pattern;
  if (rest.starts_with("header:")) {
    pattern.subject_ = Subject::header;
    pattern.header_ = lower(rest.substr(7));
    if (pattern.header_.empty()) return senseless(text, "the header has no name");
    return pattern;
  }
  if (!rest.starts_with('$')) return senseless(text, "it begins with none of $, status, header: and body");
  if (const auto parsed = pattern.parse_path(rest.substr(1)); !parsed) return senseless(text, parsed.error().message);
  return pattern;
}

base::Result<void> PathPattern::parse_path(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    if (steps_.size() >= steps_max) return base::fail("it has too many steps");
    if (text[at] == '[') {
      const auto end = parse_bracket(text, at + 1);
      if (!end) return std::unexpected(end.error());
      at = *end;
      continue;
    }
    if (text[at] != '.') return base::fail(fmt::format("'{}' follows where . or [ must", text.substr(at)));
    ++at;
    if (at < text.size() && text[at] == '.') {
      steps_.push_back({Kind::any_depth, {}, 0});
      ++at;
      if (at < text.size() && text[at] == '[') continue;
    }
    const auto end = parse_name(text, at);
    if (!end) return std::unexpected(end.error());
    at = *end;
  }
  if (!steps_.empty() && steps_.back().kind == Kind::any_depth) return base::fail("nothing follows ..");
  return {};
}

base::Result<std::size_t> PathPattern::parse_name(std::string_view text, std::size_t at) {
  const auto end = std::min(text.find_first_of(".[", at), text.size());
  const std::string_view name = text.substr(at, end - at);
  if (name.empty()) return base::fail("a name is missing behind a .");
  if (name == "*") steps_.push_back({Kind::any_name, {}, 0});
  else steps_.push_back({Kind::name, std::string(name), 0});
  return end;
}

base::Result<std::size_t> PathPattern::parse_bracket(std::string_view text, std::size_t at) {
  if (at < text.size() && (text[at] == '\'' || text[at] == '"')) {
    const char quote = text[at];
    std::string name;
    for (++at; at < text.size() && text[at] != quote; ++at) {
      if (text[at] == '\\' && at + 1 < text.size()) ++at;
      name += text[at];
    }
    if (at + 1 >= text.size() || text[at + 1] != ']') return base::fail("a quoted name does not end in ']");
    steps_.push_back({Kind::name, std::move(name), 0});
    return at + 2;
  }
  const auto end = text.find(']', at);
  if (end == text.npos) return base::fail("a [ is not closed");
  const std::string_view inside = text.substr(at, end - at);
  Step step{Kind::any_element, {}, 0};
  if (inside != "*") {
    step.kind = Kind::element;
    const auto [stop, code] = std::from_chars(inside.data(), inside.data() + inside.size(), step.index);
    if (code != std::errc{} || stop != inside.data() + inside.size()) {
      return base::fail(fmt::format("'[{}]' is neither [*], [number] nor ['name']", inside));
    }
  }
  steps_.push_back(std::move(step));
  return end + 1;
}

bool PathPattern::in_route(std::string_view route) const { return route_.empty() || base::glob_matches(route_, route); }

bool PathPattern::fits(std::size_t step, const BodyPath& path, std::size_t at, bool whole) const {
  if (step == steps_.size()) return !whole || at == path.size();
  const Step& wanted = steps_[step];
  if (wanted.kind == Kind::any_depth) {
    for (std::size_t from = at; from < path.size(); ++from) {
      if (fits(step + 1, path, from, whole)) return true;
    }
    return false;
  }
  if (at >= path.size()) return false;
  const BodyStep& found = path[at];
  const bool same = wanted.kind == Kind::name       ? !found.element && found.name == wanted.name
                    : wanted.kind == Kind::element  ? found.element && found.index == wanted.index
                    : wanted.kind == Kind::any_name ? true  // as in JSONPath: any member or element
                                                    : found.element;
  return same && fits(step + 1, path, at + 1, whole);
}

bool PathPattern::covers(std::string_view route, const BodyPath& path) const {
  return subject_ == Subject::body && in_route(route) && fits(0, path, 0, false);
}

bool PathPattern::matches(std::string_view route, const BodyPath& path) const {
  return subject_ == Subject::body && in_route(route) && fits(0, path, 0, true);
}

bool PathPattern::covers_header(std::string_view route, std::string_view lower_name) const {
  return subject_ == Subject::header && in_route(route) && base::glob_matches(header_, lower_name);
}

bool PathPattern::covers_status(std::string_view route) const { return subject_ == Subject::status && in_route(route); }

bool PathPattern::whole_body(std::string_view route) const {
  return subject_ == Subject::body && steps_.empty() && in_route(route);
}

base::Result<void> DifferenceRules::ignore(std::string_view text) {
  auto pattern = PathPattern::parse(text);
  if (!pattern) return std::unexpected(pattern.error());
  if (ignored_.size() >= rules_max) return base::fail("too many patterns to ignore");
  ignored_.push_back(std::move(*pattern));
  return {};
}

base::Result<void> DifferenceRules::unordered(std::string_view text) {
  auto pattern = PathPattern::parse(text);
  if (!pattern) return std::unexpected(pattern.error());
  if (!pattern->of_body()) return senseless(text, "only a list of a body can be without order");
  if (unordered_.size() >= rules_max) return base::fail("too many lists without order");
  unordered_.push_back(std::move(*pattern));
  return {};
}

base::Result<void> DifferenceRules::tolerate(std::string_view text) {
  const auto equals = text.rfind('=');
  if (equals == text.npos)
    return base::fail(fmt::format("'{}' is no tolerance: write $.price=0.01 or $.price=1%", text));
  auto pattern = PathPattern::parse(text.substr(0, equals));
  if (!pattern) return std::unexpected(pattern.error());
  if (!pattern->of_body()) return senseless(text, "only a number of a body has a tolerance");
  std::string_view amount = text.substr(equals + 1);
  const bool relative = amount.ends_with('%');
  if (relative) amount.remove_suffix(1);
  const auto parsed = parse_amount(amount, text);
  if (!parsed) return std::unexpected(parsed.error());
  if (tolerated_.size() >= rules_max) return base::fail("too many tolerances");
  tolerated_.push_back({std::move(*pattern), relative ? *parsed / 100 : *parsed, relative});
  return {};
}

bool DifferenceRules::ignores(std::string_view route, const BodyPath& path) const {
  return std::ranges::any_of(ignored_, [&](const PathPattern& pattern) { return pattern.covers(route, path); });
}

bool DifferenceRules::ignores_header(std::string_view route, std::string_view lower_name) const {
  return std::ranges::any_of(ignored_,
                             [&](const PathPattern& pattern) { return pattern.covers_header(route, lower_name); });
}

bool DifferenceRules::ignores_status(std::string_view route) const {
  return std::ranges::any_of(ignored_, [&](const PathPattern& pattern) { return pattern.covers_status(route); });
}

bool DifferenceRules::ignores_body(std::string_view route) const {
  return std::ranges::any_of(ignored_, [&](const PathPattern& pattern) { return pattern.whole_body(route); });
}

bool DifferenceRules::is_unordered(std::string_view route, const BodyPath& path) const {
  return std::ranges::any_of(unordered_, [&](const PathPattern& pattern) { return pattern.matches(route, path); });
}

bool DifferenceRules::within_tolerance(std::string_view route, const BodyPath& path, double baseline,
                                       double candidate) const {
  return std::ranges::any_of(tolerated_, [&](const Tolerance& tolerance) {
    if (!tolerance.pattern.matches(route, path)) return false;
    // A hair above: 0.3 - 0.29 is more than 0.01 in binary.
    const double allowed = (tolerance.relative ? std::abs(baseline) * tolerance.amount : tolerance.amount);
    return std::abs(baseline - candidate) <= allowed * (1 + 1e-9) + 1e-12 * std::abs(baseline);
  });
}

}  // namespace stormproof::replay
