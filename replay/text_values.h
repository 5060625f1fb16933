// Text values: tokens in any text (a script in a page, XML, a log), found by what stands before them.
//
// Three shapes: a word (letters, digits, - and _), a run (also . ~ + / % and = at its end), and a string in quotes
// whose escapes are undone. Linear time; pure.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "replay/place.h"

namespace stormproof::replay {

inline constexpr std::size_t text_value_bytes_max = 8192;

// Calls `wants` with each value that has at least 8 characters; where it says yes, `found` gets its place.
void each_text_value(std::string_view text, const std::function<bool(std::string_view)>& wants,
                     const std::function<void(const Place&, std::string_view)>& found);

// What stands now at that place; nothing where the text before it is not there.
std::optional<std::string> text_value_at(std::string_view text, const Place& place);

}  // namespace stormproof::replay
