// Files: whole files in and out, and where the corpora lie. For tests.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "harness/base/error.h"

namespace stormproof::support {

base::Result<std::string> read_file(const std::filesystem::path& path);
base::Result<void> write_file(const std::filesystem::path& path, std::string_view bytes);

// The folder of real inputs: STORMPROOF_CORPORA where it is set, else ../shared/corpora beside the source tree.
// Nothing where it is absent: the test says so and is skipped.
std::optional<std::filesystem::path> corpora_dir();

}  // namespace stormproof::support
