// Noop: does nothing. For clients that look whether faults can be added at all.
#pragma once

#include <string_view>

#include "harness/base/error.h"

namespace stormproof::faults {

struct Noop {
  static constexpr std::string_view type = "noop";
  static constexpr std::string_view about = "Does nothing.";

  base::Result<void> check() const { return {}; }

  template <typename Self, typename Visit>
  static void fields(Self&, Visit&&) {}
  bool operator==(const Noop&) const = default;
};

}  // namespace stormproof::faults
