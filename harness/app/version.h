// The version of this program, as --version and every report say it.
#pragma once

#include <string_view>

namespace stormproof::app {

inline constexpr std::string_view version = STORMPROOF_VERSION;

}  // namespace stormproof::app
