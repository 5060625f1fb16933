// StreamLatency: hold the bytes of one direction back, each read for its own time from its receipt.
//
// As toxiproxy's `latency`: what is drawn counts from the receipt, so reads overlap and a stream is delayed, not slowed.
// Order is kept: a read that drew less waits for those before it. Never short. Differs: the end of the stream is held
// back too, as a network would. At most `holds` bytes are on their way; then the sender waits.
#pragma once

#include <memory>
#include <string_view>

#include "faults/distribution.h"

namespace stormproof::faults {

class Obstacle;
struct Chance;

struct StreamLatency {
  static constexpr std::string_view type = "latency";
  static constexpr std::string_view about =
      "Holds bytes back, each read for its own time from its receipt; the stream is delayed, not slowed.";
  static constexpr std::size_t holds = 16 << 20;

  Distribution distribution = {};

  base::Result<void> check() const { return distribution.check(); }
  std::unique_ptr<Obstacle> obstacle(Chance chance) const;

  template <typename Self, typename Visit>
  static void fields(Self& self, Visit&& visit) {
    visit.distribution("delay", self.distribution, "how long: fixed, uniform, normal, lognormal or pareto");
  }
  bool operator==(const StreamLatency&) const = default;
};

}  // namespace stormproof::faults
