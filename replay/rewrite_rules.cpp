#include "replay/rewrite_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <tuple>

#include "replay/exchange.h"

namespace stormproof::replay {
namespace {

using Rule = std::pair<std::string, std::string>;

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
  while (text.ends_with(' ') || text.ends_with('\t')) text.remove_suffix(1);
  return text;
}

// RFC 9110 §5.6.2.
bool is_token(std::string_view text) {
  constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::ranges::all_of(text, [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || marks.contains(c);
  });
}

// What may stand in a request target without ending it.
bool is_target_text(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f && c != '#'; });
}

// What each * of the glob takes of the text, each as little as it can; none: it does not match.
std::optional<std::vector<std::string_view>> match(std::string_view glob, std::string_view text) {
  const std::size_t star = glob.find('*');
  const std::string_view fixed = glob.substr(0, star);
  if (!text.starts_with(fixed)) return std::nullopt;
  text.remove_prefix(fixed.size());
  if (star == glob.npos) return text.empty() ? std::optional(std::vector<std::string_view>()) : std::nullopt;
  glob.remove_prefix(star + 1);
  std::vector<std::string_view> taken;
  while (true) {
    const std::size_t next = glob.find('*');
    const std::string_view piece = glob.substr(0, next);
    if (next == glob.npos) {
      // The last * takes all up to the piece that ends the text.
      if (!text.ends_with(piece)) return std::nullopt;
      taken.push_back(text.substr(0, text.size() - piece.size()));
      return taken;
    }
    const std::size_t at = text.find(piece);
    if (at == text.npos) return std::nullopt;
    taken.push_back(text.substr(0, at));
    text.remove_prefix(at + piece.size());
    glob.remove_prefix(next + 1);
  }
}

std::string filled(std::string_view glob, const std::vector<std::string_view>& taken) {
  std::string text;
  std::size_t n = 0;
  for (const char c : glob) {
    if (c == '*' && n < taken.size()) text += taken[n++];
    else text += c;
  }
  return text;
}

std::string rewritten_query(const RewriteRules& rules, std::string_view query) {
  std::string text;
  std::vector<bool> set(rules.query.size());
  const auto add = [&text](std::string_view part) { text.append(text.empty() ? "?" : "&").append(part); };
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view part = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    const std::string_view name = part.substr(0, part.find('='));
    if (std::ranges::find(rules.query_removed, name) != rules.query_removed.end()) continue;
    const auto rule = std::ranges::find(rules.query, name, &Rule::first);
    if (rule == rules.query.end()) {
      add(part);
      continue;
    }
    const auto n = static_cast<std::size_t>(rule - rules.query.begin());
    if (!set[n]) add(rule->first + "=" + rule->second);
    set[n] = true;
  }
  for (std::size_t n = 0; n < set.size(); ++n) {
    if (!set[n]) add(rules.query[n].first + "=" + rules.query[n].second);
  }
  return text;
}

// Where the line of this name begins and how long it is, from `from` on; npos: there is none.
std::pair<std::size_t, std::size_t> find_line(std::string_view fields, std::string_view name, std::size_t from = 0) {
  for (std::size_t at = fields.find("\r\n", from); at != fields.npos && at + 2 < fields.size();
       at = fields.find("\r\n", at + 2)) {
    const std::size_t begin = at + 2;
    const std::string_view line = fields.substr(begin, fields.find("\r\n", begin) + 2 - begin);
    if (line.size() > name.size() && line[name.size()] == ':' && equal_ignoring_case(line.substr(0, name.size()), name))
      return {begin, line.size()};
  }
  return {std::string_view::npos, 0};
}

}  // namespace

base::Result<void> check_header_name(std::string_view name) {
  if (!is_token(name)) return base::fail(fmt::format("'{}' is no header name", name));
  for (const std::string_view framing : {"content-length", "transfer-encoding"}) {
    if (equal_ignoring_case(name, framing)) return base::fail(fmt::format("{} belongs to the recorded body", name));
  }
  return {};
}

base::Result<Rule> parse_header_rule(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == text.npos) return base::fail(fmt::format("'{}' is not a header; write it like 'Name: value'", text));
  const std::string_view value = trimmed(text.substr(colon + 1));
  if (const auto checked = check_header_name(text.substr(0, colon)); !checked) return std::unexpected(checked.error());
  if (std::ranges::any_of(value, [](char c) { return (c >= 0 && c < ' ' && c != '\t') || c == 0x7f; }))
    return base::fail(fmt::format("the value of '{}' has a control character", text.substr(0, colon)));
  return Rule(text.substr(0, colon), value);
}

base::Result<Rule> parse_path_rule(std::string_view text) {
  const std::size_t equals = text.find('=');
  const std::string_view from = text.substr(0, equals);
  const std::string_view to = equals == text.npos ? "" : text.substr(equals + 1);
  if (!to.starts_with('/') || !(from.starts_with('/') || from.starts_with('*')))
    return base::fail(fmt::format("'{}' is no path rule; write it like '/old/*=/new/*'", text));
  if (!is_target_text(from) || !is_target_text(to) || to.contains('?') || from.contains('?'))
    return base::fail(fmt::format("'{}' has a character that no path may hold", text));
  if (std::ranges::count(to, '*') > std::ranges::count(from, '*'))
    return base::fail(fmt::format("'{}' has more * on its right than on its left", text));
  return Rule(from, to);
}

base::Result<Rule> parse_query_rule(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == text.npos || equals == 0)
    return base::fail(fmt::format("'{}' is no query parameter; write it like 'name=value'", text));
  if (!is_target_text(text) || text.contains('&'))
    return base::fail(fmt::format("'{}' has a character that a query parameter must encode", text));
  return Rule(text.substr(0, equals), text.substr(equals + 1));
}

std::string rewritten_target(const RewriteRules& rules, std::string_view target) {
  // "http://host" of an absolute target stays: the connection goes to the named target whatever it says.
  const std::size_t scheme = target.find("://");
  const std::size_t authority_end =
      scheme == target.npos ? 0 : std::min(target.find_first_of("/?", scheme + 3), target.size());
  const std::string_view origin = target.substr(0, authority_end);
  const std::string_view rest = target.substr(authority_end);
  const std::size_t query_at = std::min(rest.find('?'), rest.size());
  std::string path(rest.substr(0, query_at));
  if (!path.starts_with('/')) return std::string(target);  // OPTIONS *
  for (const auto& [from, to] : rules.paths) {
    if (const auto taken = match(from, path)) {
      path = filled(to, *taken);
      break;
    }
  }
  std::string_view query = rest.substr(query_at);
  if (rules.query.empty() && rules.query_removed.empty()) return fmt::format("{}{}{}", origin, path, query);
  if (!query.empty()) query.remove_prefix(1);
  return fmt::format("{}{}{}", origin, path, rewritten_query(rules, query));
}

void remove_header(std::string& fields, std::string_view name) {
  for (auto [at, length] = find_line(fields, name); at != std::string::npos;
       std::tie(at, length) = find_line(fields, name))
    fields.erase(at, length);
}

void set_header(std::string& fields, std::string_view name, std::string_view value) {
  const std::string line = fmt::format("{}: {}\r\n", name, value);
  const auto [at, length] = find_line(fields, name);
  if (at == std::string::npos) {
    fields += line;
    return;
  }
  fields.replace(at, length, line);
  for (auto [next, size] = find_line(fields, name, at); next != std::string::npos;
       std::tie(next, size) = find_line(fields, name, at))
    fields.erase(next, size);
}

void apply(const RewriteRules& rules, std::string& target, std::string& fields) {
  if (rules.none()) return;
  const std::string wanted = rewritten_target(rules, target);
  if (wanted != target) {
    const std::size_t at = fields.find(' ') + 1;
    fields.replace(at, target.size(), wanted);
    target = wanted;
  }
  for (const std::string& name : rules.headers_removed) remove_header(fields, name);
  if (!rules.host.empty()) set_header(fields, "Host", rules.host);
  for (const auto& [name, value] : rules.headers) set_header(fields, name, value);
}

}  // namespace stormproof::replay
