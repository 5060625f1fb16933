// Quota: a token bucket, right or with a seeded defect. Time is an argument. Any thread.
#pragma once

#include <array>
#include <chrono>
#include <mutex>

#include "tests/subjects/suspect/defect.h"

namespace stormproof::subjects {

class Quota {
 public:
  using Instant = std::chrono::steady_clock::time_point;
  static constexpr int off_by = 3;
  static constexpr double too_generous_by = 1.2;
  static constexpr int lies_by = 10;

  struct Options {
    double per_second = 0;  // 0: no limit
    int burst = 1;
    Defect defect = Defect::none;
  };
  explicit Quota(Options options);

  struct Ruling {
    bool admitted = true;
    int retry_after = 0;  // seconds, where it is not
  };
  Ruling ask(Instant now);

 private:
  struct Bucket {
    double level = 0;
    Instant last{};
  };
  Options options_;
  double rate_;
  double burst_;
  std::mutex mutex_;
  std::array<Bucket, 2> buckets_;
  std::size_t next_ = 0;
};

}  // namespace stormproof::subjects
