// Slow: send a response's head or its body little by little, evenly over a time.
//
// For clients whose time limit counts from the last byte. In pieces of at least one byte, at most `pieces_max`; the last
// one goes out when the time is over. Legal otherwise, and never short. Pure.
#pragma once

#include "harness/base/clock.h"
#include "harness/wire/intercept.h"

namespace stormproof::faults {

struct Slow {
  static constexpr std::size_t pieces_max = 64;

  base::Nanoseconds head_over{0};
  base::Nanoseconds body_over{0};

  // Cuts up what `delivery` sends.
  void apply(wire::Delivery& delivery) const;
};

}  // namespace stormproof::faults
