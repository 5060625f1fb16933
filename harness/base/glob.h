// Glob: "*" stands for any characters, slashes too; everything else for itself.
#pragma once

#include <string_view>

namespace stormproof::base {

// Linear in time for one star, never worse than pattern × text.
bool glob_matches(std::string_view pattern, std::string_view text);

}  // namespace stormproof::base
