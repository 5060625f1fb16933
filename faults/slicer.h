// Slicer: cut what was read into small pieces, each sent by itself, with a pause after each. As toxiproxy's `slicer`.
//
// A read is halved, each half moved by up to `size_variation` bytes, until the pieces are of average_size ±
// size_variation. Receivers may join pieces again when they are slow to read.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "harness/base/clock.h"
#include "harness/base/error.h"

namespace stormproof::faults {

class Obstacle;
struct Chance;

struct Slicer {
  static constexpr std::string_view type = "slicer";
  static constexpr std::string_view about = "Cuts what is sent into small pieces, with a pause after each.";

  std::uint64_t average_size = 1;
  std::uint64_t size_variation = 0;  // below average_size
  base::Nanoseconds delay{0};

  base::Result<void> check() const;
  std::unique_ptr<Obstacle> obstacle(Chance chance) const;

  template <typename Self, typename Visit>
  static void fields(Self& self, Visit&& visit) {
    visit.bytes("average-size", self.average_size, "of a piece");
    visit.bytes("size-variation", self.size_variation, "by how much a piece may differ; below the average");
    visit.duration("delay", self.delay, "after each piece");
  }
  bool operator==(const Slicer&) const = default;
};

}  // namespace stormproof::faults
