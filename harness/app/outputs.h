// Outputs: files that are whole or not there.
#pragma once

#include <string>

#include "harness/base/error.h"

namespace stormproof::app {

// Writes a file beside `path` and renames it over it: a reader sees the old text or the new one, never a part. "-" is
// standard output.
base::Result<void> write_whole(const std::string& path, const std::string& text);

}  // namespace stormproof::app
