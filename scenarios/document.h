// Document: a YAML file as a tree of plain nodes with their places, free of any YAML library.
//
// Aliases are resolved (a copy of the anchored node, which keeps its places). A map keeps its keys in order, also
// those that stand twice. The text of a scalar is first as written and then, after expansion, as meant.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "scenarios/diagnostic.h"
#include "scenarios/form.h"

namespace stormproof::scenarios {

inline constexpr std::size_t nodes_max = 20'000;  // with the copies that anchors and aliases make
inline constexpr std::size_t aliased_bytes_max = std::size_t{1} << 20U;  // of text, in all copies
inline constexpr int depth_max = 32;

struct Node {
  enum class Kind { nothing, scalar, list, map };

  Kind kind = Kind::nothing;
  Place place;
  std::size_t offset = 0;     // of the place in the source
  std::string text;           // scalar: what is meant
  std::string written;        // scalar: before expansion, without quotes
  bool plain = false;         // scalar: without quotes
  bool expanded = false;      // something was put in for a ${…}
  bool secret = false;        // … and it is secret
  bool unexpandable = false;  // a ${…} in it was a mistake: there is no text to judge
  std::vector<Node> keys;     // map: the names
  std::vector<Node> items;    // list: the items; map: the values, as many as keys
  Value value;                // scalar: as its form reads it; set by check()
};

// The value of a key, or null where the map lacks it or `map` is none.
const Node* at(const Node& map, std::string_view key);

// The node as YAML in one line: "circuit-breaker: {on: payments, opens-within: 3s}". As written: nothing expanded.
std::string in_one_line(const Node& node);

}  // namespace stormproof::scenarios
