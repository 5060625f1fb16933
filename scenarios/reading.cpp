#include "scenarios/reading.h"

#include <algorithm>

namespace stormproof::scenarios {

const Node& in(const Node& map, std::string_view key) {
  static const Node nothing;
  const Node* const found = at(map, key);
  return found == nullptr ? nothing : *found;
}

Place place_of_key(const Node& map, std::string_view key) {
  const auto found = std::ranges::find(map.keys, key, &Node::text);
  return found == map.keys.end() ? map.place : found->place;
}

std::optional<std::uint64_t> count_in(const Node& node) {
  const auto found = value<std::int64_t>(node);
  if (!found) return std::nullopt;
  return static_cast<std::uint64_t>(*found);
}

std::vector<std::string> texts(const Node& list) {
  std::vector<std::string> all;
  for (const Node& item : list.items) {
    if (auto text = value<std::string>(item)) all.push_back(std::move(*text));
  }
  return all;
}

std::map<std::string, std::string> text_map(const Node& map) {
  std::map<std::string, std::string> all;
  if (map.kind != Node::Kind::map) return all;
  for (std::size_t i = 0; i < map.keys.size(); ++i)
    all[map.keys[i].text] = value<std::string>(map.items[i]).value_or("");
  return all;
}

}  // namespace stormproof::scenarios
