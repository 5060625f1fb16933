// Histogram: counts of durations, with a bounded relative error and a fixed size.
//
// Log-linear buckets: values below 2048 ns are exact, above that a bucket is at most 1/1024 of its value wide
// (three significant digits). Up to about an hour; longer values count in the last bucket, max() stays exact.
// Source of the layout: HdrHistogram (Tene). A value; not safe to share between threads, merge() instead.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "harness/base/clock.h"

namespace stormproof::base {

class Histogram {
 public:
  Histogram();

  // A negative duration counts as 0.
  void add(Nanoseconds value);
  void merge(const Histogram& other);

  std::uint64_t count() const { return count_; }
  Nanoseconds min() const { return count_ == 0 ? Nanoseconds(0) : min_; }
  Nanoseconds max() const { return max_; }
  Nanoseconds mean() const;
  Nanoseconds deviation() const;  // the standard deviation of the buckets' middles

  // The counts by bucket, as other tools take them: bucket i of HdrHistogram's layout with these parameters.
  static constexpr std::int64_t lowest_discernible = 1;
  static constexpr std::int64_t highest_trackable = (std::int64_t{1} << 42) - 1;
  static constexpr int significant_digits = 3;
  std::span<const std::uint64_t> buckets() const { return buckets_; }
  static std::int64_t lowest_of(std::size_t bucket);
  static std::int64_t highest_of(std::size_t bucket);
  void clear();

  // The smallest value v of which at least the share `q` (0..1) of all values is <= v, to bucket
  // precision, rounded up and never above max(). 0 when empty.
  Nanoseconds quantile(double q) const;

 private:
  static std::size_t bucket_of(std::uint64_t value);

  std::vector<std::uint64_t> buckets_;
  std::uint64_t count_ = 0;
  double sum_ = 0;
  Nanoseconds min_{0};
  Nanoseconds max_{0};
};

}  // namespace stormproof::base
