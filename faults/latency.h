// Latency: hold a request back for a time that a distribution says, before the upstream is called.
//
// Drawing is pure, so one seed gives one schedule; the injector waits, and a wait that is interrupted forwards nothing.
// As toxiproxy's `latency`, whose jitter is uniform; the unit is a request, as Envoy's `delay`.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "faults/distribution.h"

namespace stormproof::faults {

struct Latency {
  base::Nanoseconds base{0};
  base::Nanoseconds jitter{0};             // uniform in [base - jitter, base + jitter), from 0 on
  std::optional<Distribution> drawn = {};  // instead of these

  base::Nanoseconds draw(std::uint64_t seed, std::string_view rule, std::uint64_t identity) const;
};

}  // namespace stormproof::faults
