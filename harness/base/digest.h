// Digest: a name for some content, "xxh3:6a02c1f09d3b7e55" (XXH3-64, hexadecimal). Equal content, equal digest; it
// tells versions apart and finds damage, it does not withstand forgery. Pure, but for reading the file.
#pragma once

#include <string>
#include <string_view>

#include "harness/base/error.h"

namespace stormproof::base {

std::string digest_of(std::string_view content);

// Of a regular file's content, read once from its beginning to its end.
Result<std::string> digest_of_file(const std::string& path);

}  // namespace stormproof::base
