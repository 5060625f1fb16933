#include "tests/soak/vitals.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

namespace stormproof::soak {

std::size_t open_descriptors() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

std::size_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::size_t all = 0;
  std::size_t resident = 0;
  file >> all >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

std::size_t Trend::median_of_fifth(std::size_t fifth) const {
  const auto from = samples_.begin() + static_cast<std::ptrdiff_t>(samples_.size() * fifth / 5);
  const auto to = samples_.begin() + static_cast<std::ptrdiff_t>(samples_.size() * (fifth + 1) / 5);
  std::vector<std::size_t> sorted(from, to);
  if (sorted.empty()) return 0;
  std::ranges::sort(sorted);
  return sorted[sorted.size() / 2];
}

}  // namespace stormproof::soak
