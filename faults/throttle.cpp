#include "faults/throttle.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

namespace stormproof::faults {

Abort Throttle::answer() const {
  const double seconds = retry_after.count() > 0 ? std::chrono::duration<double>(retry_after).count()
                                                 : 1 / std::max(per_second, 1e-6);
  const auto whole = static_cast<std::int64_t>(std::max(1.0, std::ceil(seconds)));
  return {.status = status, .headers = {{"Retry-After", std::to_string(whole)}}, .body = "too many requests\n"};
}

bool Quota::take(const Throttle& throttle, base::Time now) {
  const double full = std::max(throttle.burst, 1.0);
  if (!std::exchange(begun_, true)) tokens_ = full;
  else tokens_ = std::min(full, tokens_ + throttle.per_second * std::chrono::duration<double>(now - last_).count());
  last_ = now;
  if (tokens_ < 1) return false;
  tokens_ -= 1;
  return true;
}

}  // namespace stormproof::faults
