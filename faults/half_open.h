// HalfOpen: the other side has gone, and this one is never told: no byte, no end, no reset comes any more.
//
// Once `after_bytes` have passed in the fault's direction, and `after` later, both directions swallow what comes, and the
// connection on the other side of the relay is reset. When the fault is withdrawn, so is this one: a peer that comes back
// knows nothing of it.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "harness/base/clock.h"
#include "harness/base/error.h"

namespace stormproof::faults {

class Obstacle;

// What both directions of a connection know.
struct HalfOpenState {
  std::optional<std::chrono::steady_clock::time_point> gone_at;
};

struct HalfOpen {
  static constexpr std::string_view type = "half-open";
  static constexpr std::string_view about =
      "The other side has gone and this one is never told: nothing comes any more, and no end.";

  std::uint64_t after_bytes = 0;
  base::Nanoseconds after{0};

  base::Result<void> check() const;
  // `leads`: it stands in the fault's own direction and says when.
  std::unique_ptr<Obstacle> obstacle(std::shared_ptr<HalfOpenState> state, bool leads) const;

  template <typename Self, typename Visit>
  static void fields(Self& self, Visit&& visit) {
    visit.bytes("after-bytes", self.after_bytes, "these pass first");
    visit.duration("after", self.after, "from then on, or from when the fault meets the connection");
  }
  bool operator==(const HalfOpen&) const = default;
};

}  // namespace stormproof::faults
