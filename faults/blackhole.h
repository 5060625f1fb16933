// Blackhole: bytes vanish; after a time the connection is closed. As toxiproxy's `timeout`.
//
// The time runs from when the fault meets the connection, and bytes do not start it anew; 0: it never closes. A
// stream with a hole in it is of no use: when the fault is withdrawn the connection is closed, if bytes were lost or not.
#pragma once

#include <memory>
#include <string_view>

#include "harness/base/clock.h"
#include "harness/base/error.h"

namespace stormproof::faults {

class Obstacle;
struct Chance;

struct Blackhole {
  static constexpr std::string_view type = "blackhole";
  static constexpr std::string_view about =
      "Bytes vanish; the connection is closed after a time, or when the fault goes.";

  base::Nanoseconds close_after{0};  // 0: never

  base::Result<void> check() const;
  std::unique_ptr<Obstacle> obstacle(Chance) const;

  template <typename Self, typename Visit>
  static void fields(Self& self, Visit&& visit) {
    visit.duration("close-after", self.close_after, "from when the fault meets the connection; 0s: never");
  }
  bool operator==(const Blackhole&) const = default;
};

}  // namespace stormproof::faults
