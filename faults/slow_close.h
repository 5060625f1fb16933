// SlowClose: bytes pass; the end of the stream is passed on only after a delay. As toxiproxy's `slow_close`.
#pragma once

#include <memory>
#include <string_view>

#include "harness/base/clock.h"
#include "harness/base/error.h"

namespace stormproof::faults {

class Obstacle;
struct Chance;

struct SlowClose {
  static constexpr std::string_view type = "slow-close";
  static constexpr std::string_view about = "Bytes pass; the end of the stream is passed on only after a delay.";

  base::Nanoseconds delay{0};

  base::Result<void> check() const;
  std::unique_ptr<Obstacle> obstacle(Chance) const;

  template <typename Self, typename Visit>
  static void fields(Self& self, Visit&& visit) {
    visit.duration("delay", self.delay, "from the end of the stream to its being passed on");
  }
  bool operator==(const SlowClose&) const = default;
};

}  // namespace stormproof::faults
