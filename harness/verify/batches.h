// Batches: bounds of a mean that hold although what is measured depends on what came just before.
//
// A stretch of time is cut into batches of equal length; their values are nearly independent where those of single
// requests are not (a queue is full for a while). One-sided bounds by Student's t at `confidence` each; no bounds for
// fewer than batches_min. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "harness/verify/statistics.h"

namespace stormproof::verify {

inline constexpr std::size_t batches_min = 6;
inline constexpr std::size_t batches_max = 20;
inline constexpr std::size_t batch_requests_min = 10;  // fewer make no value of a batch

struct MeanBounds {
  double mean = 0;
  double low = 0;
  double high = 0;
};

std::optional<MeanBounds> mean_bounds(std::span<const double> values, double confidence = confidence_default);

// Into how many batches so many requests are cut; 0: too few.
std::size_t batches_for(std::size_t requests);

}  // namespace stormproof::verify
