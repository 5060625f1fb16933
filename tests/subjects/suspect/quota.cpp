#include "tests/subjects/suspect/quota.h"

#include <algorithm>
#include <cmath>

namespace stormproof::subjects {

Quota::Quota(Options options) : options_(options), rate_(options.per_second), burst_(options.burst) {
  if (options.defect == Defect::off_by_some) burst_ += off_by;
  if (options.defect == Defect::too_generous) rate_ *= too_generous_by;
  if (options.defect == Defect::unlimited) rate_ = 0;
  for (Bucket& bucket : buckets_) bucket.level = burst_;
}

Quota::Ruling Quota::ask(Instant now) {
  if (rate_ <= 0) return {};
  const std::lock_guard lock(mutex_);
  next_ = options_.defect == Defect::per_instance ? 1 - next_ : 0;
  Bucket& bucket = buckets_[next_];
  if (bucket.last == Instant{}) bucket.last = now;
  const std::chrono::duration<double> passed = now - bucket.last;
  bucket.level = std::min(burst_, bucket.level + rate_ * passed.count());
  bucket.last = now;
  if (bucket.level >= 1) {
    bucket.level -= 1;
    return {};
  }
  const double wait = (1 - bucket.level) / rate_;
  if (options_.defect == Defect::counts_refused) bucket.level = std::max(bucket.level - 1, -burst_);
  const int said = std::max(1, static_cast<int>(std::ceil(wait)));
  return {.admitted = false, .retry_after = options_.defect == Defect::lies ? lies_by * said : said};
}

}  // namespace stormproof::subjects
