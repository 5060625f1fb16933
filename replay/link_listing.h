// Link listing: what `stormproof inspect --links` says of the links of a capture.
//
// Values may be secrets: of one longer than 8 characters the first 4 are shown, and how many there are.
#pragma once

#include <string>
#include <string_view>

#include "replay/links.h"

namespace stormproof::replay {

inline constexpr std::size_t link_kinds_shown = 100;      // in text
inline constexpr std::size_t links_listed_max = 100'000;  // in JSON; the counts are of all

std::string links_to_text(const Links& links, std::string_view file);
std::string links_to_json(const Links& links, std::string_view file);  // "schema": "stormproof.links/1"

}  // namespace stormproof::replay
