// Names: a table of distinct strings, so that an event carries a number.
//
// Bounded: after `names_max` names every new one becomes "(other)", so hostile paths cannot grow it.
// One writing thread; ids are dense, 0 is the empty name.
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "harness/events/event.h"

namespace stormproof::events {

class Names {
 public:
  static constexpr std::size_t names_max = 65536;
  static constexpr std::string_view other = "(other)";

  Names();
  // The table points into its own strings, so it moves but does not copy.
  Names(Names&&) noexcept = default;
  Names& operator=(Names&&) noexcept = default;
  Names copy() const;  // the same ids

  NameId id_of(std::string_view name);        // adds it where it is new
  NameId find(std::string_view name) const;   // 0 where it is not known
  std::string_view name_of(NameId id) const;  // "" where it is not known
  std::size_t size() const { return names_.size(); }

 private:
  std::deque<std::string> names_;
  std::unordered_map<std::string_view, NameId> ids_;
};

// A number, a UUID, hexadecimal of 8 digits or more with a digit in it, or anything above 32 bytes.
bool is_identifier(std::string_view segment);

// The route of a request: its method and path with identifiers folded, "GET /orders/{id}"; the query is left out.
std::string route_of(std::string_view method, std::string_view target);

}  // namespace stormproof::events
