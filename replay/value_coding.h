// Value coding: one value as different places of a message spell it.
//
// Decoding is lenient, as servers are: what is no escape stands for itself. Spelling a new value follows the recorded text:
// what it wrote literally stays literal, so that a client that leaves `/` or `=` as they are still does. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace stormproof::replay {

enum class Coding : std::uint8_t {
  plain,
  percent,      // %2F
  form,         // the same with + for a space
  json,         // inside the quotes of a JSON string
  json_number,  // a JSON number; a value that is none is spelled as a string, quotes and all
  html,         // &amp; &#x2F;
};

// "plain", "percent" …
std::string_view to_string(Coding coding);

std::string decoded(Coding coding, std::string_view text);

// `value` as the place spells it in which `recorded` stood.
std::string spelled(Coding coding, std::string_view value, std::string_view recorded);

}  // namespace stormproof::replay
