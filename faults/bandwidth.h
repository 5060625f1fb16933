// Bandwidth: at most so many bytes a second, for each connection and direction; 0 lets nothing through.
//
// As toxiproxy's `bandwidth`. A byte leaves when a line of that rate would have carried it: no burst at the start, none
// after a silence. What a late timer left undone is caught up for `catch_up`, so the mean is kept.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "harness/base/clock.h"
#include "harness/base/error.h"

namespace stormproof::faults {

class Obstacle;
struct Chance;

struct Bandwidth {
  static constexpr std::string_view type = "bandwidth";
  static constexpr std::string_view about = "At most so many bytes a second; 0 lets nothing through.";
  static constexpr std::uint64_t rate_max = 100'000'000'000;
  static constexpr base::Nanoseconds catch_up = std::chrono::milliseconds(50);

  std::uint64_t rate = 0;  // bytes a second

  base::Result<void> check() const;
  std::unique_ptr<Obstacle> obstacle(Chance) const;

  template <typename Self, typename Visit>
  static void fields(Self& self, Visit&& visit) {
    visit.bytes("rate", self.rate, "bytes a second");
  }
  bool operator==(const Bandwidth&) const = default;
};

}  // namespace stormproof::faults
