#include "tests/support/waiting.h"

#include <poll.h>

#include <algorithm>

namespace stormproof::support {

int milliseconds_until(std::chrono::steady_clock::time_point deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 1'000'000'000));
}

bool eventually(std::chrono::milliseconds within, const std::function<bool()>& holds) {
  const auto deadline = std::chrono::steady_clock::now() + within;
  while (!holds()) {
    if (std::chrono::steady_clock::now() >= deadline) return false;
    ::poll(nullptr, 0, std::min(2, milliseconds_until(deadline)));
  }
  return true;
}

}  // namespace stormproof::support
