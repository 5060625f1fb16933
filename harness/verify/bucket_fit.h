// BucketFit: the rate and the burst with which a bucket contradicts the fewest decisions, and whether it makes them wait. Pure.
#pragma once

#include <optional>
#include <vector>

#include "harness/verify/limiter_fits.h"

namespace stormproof::verify {

// `rested`: the bucket was full before the first decision; else it is not known how full it was.
Fit fit_bucket(const Rulings& rulings, const std::vector<double>& rates, const std::vector<double>& bursts,
               bool rested);

// Whether who is admitted waits as long as a queue before him takes: 1 as it should be in a queue, 0 where nobody waits; nothing
// where too few had to.
std::optional<double> queueing(const Rulings& rulings, const Fit& bucket);

}  // namespace stormproof::verify
