#include "faults/obstacle.h"

#include "harness/base/seed.h"

namespace stormproof::faults {

double Chance::unit(std::uint64_t nth) const {
  const std::uint64_t identity = base::draw(connection, "nth", nth);
  return base::draw_unit(seed, fault, identity);
}

}  // namespace stormproof::faults
