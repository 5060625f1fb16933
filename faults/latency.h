// Latency: hold a request back for base ± jitter before the upstream is called.
//
// Drawing is pure, so one seed gives one schedule; the injector waits, and a wait that is interrupted forwards nothing.
// Uniform in [base - jitter, base + jitter), as toxiproxy's `latency`; the unit is a request, as Envoy's `delay`.
#pragma once

#include <cstdint>
#include <string_view>

#include "harness/base/clock.h"

namespace stormproof::faults {

struct Latency {
  base::Nanoseconds base{0};
  base::Nanoseconds jitter{0};  // above base, the lower end is 0

  base::Nanoseconds draw(std::uint64_t seed, std::string_view rule, std::uint64_t identity) const;
};

}  // namespace stormproof::faults
