// LimitData: so many bytes pass, then the connection is closed. As toxiproxy's `limit_data`.
//
// The bytes that pass reach the other side before the end does. With 0, the first byte that comes closes.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "harness/base/error.h"

namespace stormproof::faults {

class Obstacle;
struct Chance;

struct LimitData {
  static constexpr std::string_view type = "limit";
  static constexpr std::string_view about = "So many bytes pass, then the connection is closed.";

  std::uint64_t bytes = 0;

  base::Result<void> check() const { return {}; }
  std::unique_ptr<Obstacle> obstacle(Chance) const;

  template <typename Self, typename Visit>
  static void fields(Self& self, Visit&& visit) {
    visit.bytes("bytes", self.bytes, "that pass, of each connection");
  }
  bool operator==(const LimitData&) const = default;
};

}  // namespace stormproof::faults
