// Vitals: what this process holds, looked at again and again: open descriptors and resident memory.
#pragma once

#include <cstddef>
#include <vector>

namespace stormproof::soak {

std::size_t open_descriptors();
std::size_t resident_bytes();

// Samples at equal distances. After a warm-up of a fifth the middle of the second fifth is what it was, that of the last
// is what it has become.
class Trend {
 public:
  void add(std::size_t sample) { samples_.push_back(sample); }
  std::size_t before() const { return median_of_fifth(1); }
  std::size_t after() const { return median_of_fifth(4); }
  // By more than a tenth and `slack`.
  bool grew(std::size_t slack) const { return after() > before() + before() / 10 + slack; }

 private:
  std::size_t median_of_fifth(std::size_t fifth) const;  // from 0
  std::vector<std::size_t> samples_;
};

}  // namespace stormproof::soak
