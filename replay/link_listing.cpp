#include "replay/link_listing.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <iterator>
#include <map>
#include <set>
#include <tuple>

#include "harness/base/utf8.h"

namespace stormproof::replay {
namespace {

namespace json = boost::json;

constexpr std::size_t shown_whole_max = 8;
constexpr std::size_t shown_of_longer = 4;

std::string shown(const std::string& value) {
  if (value.size() <= shown_whole_max) return base::as_utf8(value);
  return base::as_utf8(value.substr(0, shown_of_longer)) + "…";
}

std::string place_kind(Place place) {
  place.index = 0;
  return to_string(place);
}

struct UseKind {
  std::string route;
  std::string place;
  auto operator<=>(const UseKind&) const = default;
};

// All links from one place of one route.
struct LinkKind {
  std::uint64_t links = 0;
  std::set<std::uint32_t> sessions;
  const Link* example = nullptr;
  std::map<UseKind, std::uint64_t> uses;
};

using Kinds = std::map<std::pair<std::string, std::string>, LinkKind>;  // by route and place

Kinds kinds_of(const Links& links) {
  Kinds kinds;
  for (const Link& link : links.links) {
    LinkKind& kind = kinds[{link.route, place_kind(link.place)}];
    ++kind.links;
    kind.sessions.insert(link.session);
    if (kind.example == nullptr) kind.example = &link;
    for (const LinkUse& use : link.uses) ++kind.uses[{use.route, base::as_utf8(use.place)}];
  }
  return kinds;
}

struct Sums {
  std::set<std::uint64_t> sources;
  std::set<std::uint64_t> users;
  std::uint64_t uses = 0;
};

Sums sums_of(const Links& links) {
  Sums sums;
  for (const Link& link : links.links) {
    sums.sources.insert(link.source);
    for (const LinkUse& use : link.uses) sums.users.insert(use.exchange);
    sums.uses += link.uses.size();
  }
  return sums;
}

}  // namespace

std::string links_to_text(const Links& links, std::string_view file) {
  std::string text;
  const auto line = [&text](std::string_view name, const std::string& value) {
    fmt::format_to(std::back_inserter(text), "{:<12} {}\n", name, value);
  };
  const Sums sums = sums_of(links);
  line("capture", std::string(file));
  line("exchanges", fmt::format("{} in {} sessions", links.exchanges, links.sessions));
  line("links", fmt::format("{} values that {} responses gave and {} requests sent", links.links.size(),
                            sums.sources.size(), sums.users.size()));
  const Kinds kinds = kinds_of(links);
  std::vector<std::pair<const std::pair<std::string, std::string>*, const LinkKind*>> order;
  for (const auto& [key, kind] : kinds) order.emplace_back(&key, &kind);
  // As a session meets them.
  std::ranges::sort(order, {},
                    [](const auto& entry) { return std::tuple(entry.second->example->source, *entry.first); });
  for (std::size_t i = 0; i < std::min(order.size(), link_kinds_shown); ++i) {
    const auto& [key, kind] = order[i];
    fmt::format_to(std::back_inserter(text), "\n{}  {}\n", key->first, key->second);
    fmt::format_to(std::back_inserter(text), "    {} {} in {} {}; the first in exchange {}: {}\n", kind->links,
                   kind->links == 1 ? "value" : "values", kind->sessions.size(),
                   kind->sessions.size() == 1 ? "session" : "sessions", kind->example->source,
                   shown(kind->example->value));
    for (const auto& [use, count] : kind->uses) {
      fmt::format_to(std::back_inserter(text), "    -> {}  {}  {} {}\n", use.route, use.place, count,
                     count == 1 ? "time" : "times");
    }
  }
  if (order.size() > link_kinds_shown) {
    fmt::format_to(std::back_inserter(text), "\nand {} more kinds of links; --json has them\n",
                   order.size() - link_kinds_shown);
  }
  if (!links.unread.empty()) text += '\n';
  for (const auto& [cause, count] : links.unread) line("not read", fmt::format("{} responses: {}", count, cause));
  if (links.left_out > 0) line("left out", fmt::format("{} exchanges and values beyond the limits", links.left_out));
  return text;
}

std::string links_to_json(const Links& links, std::string_view file) {
  const Sums sums = sums_of(links);
  json::array listed;
  for (std::size_t i = 0; i < std::min(links.links.size(), links_listed_max); ++i) {
    const Link& link = links.links[i];
    json::array uses;
    for (const LinkUse& use : link.uses) {
      uses.push_back(json::object{{"exchange", use.exchange},
                                  {"route", base::as_utf8(use.route)},
                                  {"place", base::as_utf8(use.place)},
                                  {"other_session", use.other_session}});
    }
    listed.push_back(json::object{
        {"session", link.session},
        {"source", {{"exchange", link.source}, {"route", base::as_utf8(link.route)}, {"place", to_string(link.place)}}},
        {"value", shown(link.value)},
        {"value_bytes", link.value.size()},
        {"uses", std::move(uses)}});
  }
  json::object unread;
  for (const auto& [cause, count] : links.unread) unread[cause] = count;
  const json::object document = {
      {"schema", "stormproof.links/1"},
      {"file", file},
      {"exchanges", links.exchanges},
      {"sessions", links.sessions},
      {"links", std::move(listed)},
      {"counts",
       {{"links", links.links.size()},
        {"sources", sums.sources.size()},
        {"dependents", sums.users.size()},
        {"uses", sums.uses}}},
      {"not_read", std::move(unread)},
      {"left_out", links.left_out},
  };
  return json::serialize(document) + "\n";
}

}  // namespace stormproof::replay
