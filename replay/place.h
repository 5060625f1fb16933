// Place: where in a response a value stands, said so that it can be found in another response of the same kind.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "replay/value_coding.h"

namespace stormproof::replay {

enum class PlaceKind : std::uint8_t {
  cookie,  // Set-Cookie
  header,
  json,
  html,
  text,  // of a body of any kind, by what stands before it
};

struct Place {
  PlaceKind kind = PlaceKind::header;
  // cookie: its name. header: its name in lower case. json: "$.orders[*].id". html: "form /login input csrf", "meta csrf-token",
  // "link href", "data-order". text: the characters before it.
  std::string name;
  // Of a URL: which part of it, as in url_parts.h. text: what shape it has (text_values.h). "": all of it.
  std::string part = {};
  std::uint32_t index = 0;        // among those with the same kind, name and part, in order
  Coding coding = Coding::plain;  // how it is written there
  bool operator==(const Place&) const = default;
};

// "cookie sid", "header location /orders/{}", "json $.orders[*].id (the 3rd)".
std::string to_string(const Place& place);

}  // namespace stormproof::replay
