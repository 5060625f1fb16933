// Difference: one place in which two answers to the same request are not the same.
//
// A value. `path` is the place with what changes from request to request folded, so that equal differences of many requests
// fall together: "status", "header:etag", "$.items[*].price". `where` is the exact place: "$.items[3].price".
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace stormproof::replay {

enum class Change : std::uint8_t {
  value,    // both have it, with other content
  type,     // both have it, of another type
  missing,  // the baseline has it, the other has not
  added,    // the other way round
  order,    // the same elements in another order
};

// "changed", "another type", "missing", "added", "another order".
std::string_view to_string(Change change);

struct Difference {
  // Of the texts of the two values that are kept, to be shown.
  static constexpr std::size_t text_bytes_max = 200;

  Change change = Change::value;
  std::string path;
  std::string where;
  std::string baseline;  // as text, cut; "" where it has none
  std::string candidate;
  bool operator==(const Difference&) const = default;
};

// At most so many of two answers; the last then stands for the rest.
inline constexpr std::size_t differences_max = 200;

}  // namespace stormproof::replay
