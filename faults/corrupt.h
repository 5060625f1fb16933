// Corrupt: one bit is wrong in one byte of every so many, at a place drawn for each such stretch.
//
// By the byte's place in the stream alone, so how the bytes were read does not matter. The number of bytes stays.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "harness/base/error.h"

namespace stormproof::faults {

class Obstacle;
struct Chance;

struct Corrupt {
  static constexpr std::string_view type = "corrupt";
  static constexpr std::string_view about = "One bit is wrong in one byte of every so many.";

  std::uint64_t one_in = 1000;  // bytes; 1: each
  std::uint64_t after_bytes = 0;

  base::Result<void> check() const;
  std::unique_ptr<Obstacle> obstacle(Chance chance) const;

  template <typename Self, typename Visit>
  static void fields(Self& self, Visit&& visit) {
    visit.bytes("one-in", self.one_in, "of so many bytes one is changed");
    visit.bytes("after-bytes", self.after_bytes, "these pass unchanged first");
  }
  bool operator==(const Corrupt&) const = default;
};

}  // namespace stormproof::faults
