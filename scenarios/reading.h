// Reading: values out of checked nodes. What is absent, or was found wrong, reads as nothing.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "scenarios/document.h"

namespace stormproof::scenarios {

// The value of a key; an empty node where there is none.
const Node& in(const Node& map, std::string_view key);
// Where a key itself stands, for what is said of it; the map's place where there is none.
Place place_of_key(const Node& map, std::string_view key);

template <typename T>
std::optional<T> value(const Node& node) {
  const T* const found = std::get_if<T>(&node.value);
  if (found == nullptr) return std::nullopt;
  return *found;
}

template <typename T>
std::optional<T> value(const Node& map, std::string_view key) {
  return value<T>(in(map, key));
}

template <typename T>
void put(T& into, const Node& node) {
  if (auto found = value<T>(node)) into = std::move(*found);
}

std::optional<std::uint64_t> count_in(const Node& node);
std::vector<std::string> texts(const Node& list);
std::map<std::string, std::string> text_map(const Node& map);

}  // namespace stormproof::scenarios
