// Dice: chance that a seed repeats, for one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>

namespace stormproof::soak {

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : engine_(seed) {}
  // 0 to `most`, both included.
  std::size_t up_to(std::size_t most) { return std::uniform_int_distribution<std::size_t>(0, most)(engine_); }
  bool one_in(std::size_t count) { return up_to(count - 1) == 0; }

  // Of bodies: most are small, a few are larger than any buffer on their way.
  std::size_t size() {
    const std::size_t kind = up_to(99);
    if (kind < 10) return 0;
    if (kind < 70) return up_to(2'000);
    if (kind < 90) return up_to(32'000);
    if (kind < 99) return up_to(300'000);
    return up_to(2'000'000);
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace stormproof::soak
