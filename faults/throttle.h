// Throttle: a quota; what is beyond it is answered with 429 and Retry-After, and the upstream is not called.
//
// A bucket of `burst` tokens, full at the start, that fills at `per_second`. Which request finds it empty depends on when
// requests come, so no plan can name them. One thread.
#pragma once

#include <cstdint>

#include "faults/abort.h"
#include "harness/base/clock.h"

namespace stormproof::faults {

struct Throttle {
  double per_second = 1;
  double burst = 1;  // at least 1
  int status = 429;
  base::Nanoseconds retry_after{0};  // 0: until the next token; told in whole seconds, rounded up, at least 1

  // The answer to a request beyond the quota.
  Abort answer() const;
};

class Quota {
 public:
  // False: it is beyond the quota.
  bool take(const Throttle& throttle, base::Time now);

 private:
  double tokens_ = 0;
  base::Time last_{};
  bool begun_ = false;
};

}  // namespace stormproof::faults
