// BodyPath: where in a body something stands, as a JSONPath: "$.items[3].price".
//
// Names that are no plain words are quoted: $['two words']. Folded, indexes become [*] and names that are identifiers
// (numbers, UUIDs, hashes) become {id}, so that the same place of many bodies has one name. A value; the names are views
// into the bodies.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace stormproof::replay {

struct BodyStep {
  std::string_view name;  // of a member
  std::size_t index = 0;  // of an element
  bool element = false;
};

using BodyPath = std::vector<BodyStep>;

std::string to_string(const BodyPath& path);
std::string folded(const BodyPath& path);

}  // namespace stormproof::replay
