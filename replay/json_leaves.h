// JSON leaves: the strings and numbers of a JSON text, and where they stand in it byte for byte.
//
// A library's tree would not say where a value stood, and writing it back would change every other byte of the body.
// Reads as far as the text is JSON, at most `json_depth_max` deep, and then ends; it never fails. Pure.
#pragma once

#include <cstddef>
#include <functional>
#include <string_view>

namespace stormproof::replay {

inline constexpr int json_depth_max = 64;

struct JsonLeaf {
  std::string_view path;   // "$.orders[*].id": members by name, every element of an array alike
  std::string_view key;    // the innermost member's name: "id"; "" in an array at the top
  std::string_view owner;  // the member in which that object or its array stands: "orders"; "" at the top
  std::string_view raw;    // inside the quotes, still escaped; or the number's digits. Points into the text
  bool is_string = false;
  bool in_list = false;  // below an array
};

// The views but for `raw` are good during the call.
void each_json_leaf(std::string_view text, const std::function<void(const JsonLeaf&)>& found);

}  // namespace stormproof::replay
