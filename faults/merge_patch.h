// Merge patch: JSON changed by JSON (RFC 7396).
#pragma once

#include <string>
#include <string_view>

#include "harness/base/error.h"

namespace stormproof::faults {

// `document` with `patch` merged into it; the error says which of the two is no JSON.
base::Result<std::string> merge_patched(std::string_view document, std::string_view patch);

// Whether `text` is JSON at all; the error says what is wrong.
base::Result<void> check_json(std::string_view text);

}  // namespace stormproof::faults
