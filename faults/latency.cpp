#include "faults/latency.h"

#include <string>

#include "harness/base/seed.h"

namespace stormproof::faults {

base::Nanoseconds Latency::draw(std::uint64_t seed, std::string_view rule, std::uint64_t identity) const {
  if (!drawn && jitter.count() <= 0) return base;
  const Distribution distribution =
      drawn.value_or(Distribution{.kind = Distribution::Kind::uniform, .base = base, .jitter = jitter});
  return distribution.draw(base::draw_unit(seed, std::string(rule) + "/latency", identity));
}

}  // namespace stormproof::faults
