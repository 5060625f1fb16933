#include "harness/base/seed.h"

#include <xxhash.h>

#include <bit>

namespace stormproof::base {

std::uint64_t draw(std::uint64_t seed, std::string_view rule, std::uint64_t identity) {
  static_assert(std::endian::native == std::endian::little, "draws are defined on little-endian bytes");
  const std::uint64_t of_rule = XXH3_64bits_withSeed(rule.data(), rule.size(), seed);
  return XXH3_64bits_withSeed(&identity, sizeof identity, of_rule);
}

double draw_unit(std::uint64_t seed, std::string_view rule, std::uint64_t identity) {
  constexpr double two_to_53 = 9007199254740992.0;
  return static_cast<double>(draw(seed, rule, identity) >> 11) / two_to_53;
}

std::uint64_t identity_of(std::string_view bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }

}  // namespace stormproof::base
