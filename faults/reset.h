// Reset: a real RST to both sides, at once, after some bytes, or after a time.
//
// With neither: at the first byte or the end that comes, which is dropped. `after_bytes` pass first. `after` then runs
// from that byte on (as toxiproxy's `reset_peer`), or from the fault's meeting the connection, where `from_start` is
// set: so a connection is reset although nobody speaks.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "harness/base/clock.h"
#include "harness/base/error.h"

namespace stormproof::faults {

class Obstacle;
struct Chance;

struct Reset {
  static constexpr std::string_view type = "reset";
  static constexpr std::string_view about =
      "A real RST to both sides: at the first byte, after some bytes, after a time.";

  std::uint64_t after_bytes = 0;
  base::Nanoseconds after{0};
  bool from_start = false;

  base::Result<void> check() const;
  std::unique_ptr<Obstacle> obstacle(Chance) const;

  template <typename Self, typename Visit>
  static void fields(Self& self, Visit&& visit) {
    visit.bytes("after-bytes", self.after_bytes, "these pass first");
    visit.duration("after", self.after, "from the first byte beyond them");
    visit.flag("from-start", self.from_start, "'after' runs from when the fault meets the connection");
  }
  bool operator==(const Reset&) const = default;
};

}  // namespace stormproof::faults
