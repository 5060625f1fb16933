#include "harness/base/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace stormproof::base {
namespace {

constexpr unsigned linear_bits = 11;                       // values below 2^11 have a bucket each
constexpr std::uint64_t half = 1ULL << (linear_bits - 1);  // buckets a doubling
constexpr unsigned top_bit = 42;                           // 2^42 ns: 73 minutes
constexpr std::size_t bucket_count = 2 * half + (top_bit - linear_bits) * half;

}  // namespace

Histogram::Histogram() : buckets_(bucket_count) {}

std::size_t Histogram::bucket_of(std::uint64_t value) {
  if (value < 2 * half) return value;
  const auto shift = static_cast<unsigned>(std::bit_width(value)) - linear_bits;
  const std::size_t bucket = half * shift + (value >> shift);
  return std::min(bucket, bucket_count - 1);
}

std::int64_t Histogram::lowest_of(std::size_t bucket) {
  if (bucket < 2 * half) return static_cast<std::int64_t>(bucket);
  const std::uint64_t shift = bucket / half - 1;
  return static_cast<std::int64_t>((bucket - half * shift) << shift);
}

std::int64_t Histogram::highest_of(std::size_t bucket) {
  return bucket + 1 == bucket_count ? highest_trackable : lowest_of(bucket + 1) - 1;
}

void Histogram::clear() { *this = Histogram(); }

void Histogram::add(Nanoseconds value) {
  value = std::max(value, Nanoseconds(0));
  ++buckets_[bucket_of(static_cast<std::uint64_t>(value.count()))];
  min_ = count_ == 0 ? value : std::min(min_, value);
  max_ = std::max(max_, value);
  sum_ += static_cast<double>(value.count());
  ++count_;
}

void Histogram::merge(const Histogram& other) {
  if (other.count_ == 0) return;
  std::transform(buckets_.begin(), buckets_.end(), other.buckets_.begin(), buckets_.begin(), std::plus<>());
  min_ = count_ == 0 ? other.min_ : std::min(min_, other.min_);
  max_ = std::max(max_, other.max_);
  sum_ += other.sum_;
  count_ += other.count_;
}

Nanoseconds Histogram::mean() const {
  return Nanoseconds(count_ == 0 ? 0 : std::llround(sum_ / static_cast<double>(count_)));
}

Nanoseconds Histogram::deviation() const {
  if (count_ == 0) return Nanoseconds(0);
  double mean = 0;
  double squares = 0;
  for (std::size_t bucket = 0; bucket < buckets_.size(); ++bucket) {
    if (buckets_[bucket] == 0) continue;
    const double middle = static_cast<double>(lowest_of(bucket) + highest_of(bucket) + 1) / 2;
    const auto count = static_cast<double>(buckets_[bucket]);
    mean += middle * count / static_cast<double>(count_);
    squares += middle * middle * count / static_cast<double>(count_);
  }
  return Nanoseconds(std::llround(std::sqrt(std::max(squares - mean * mean, 0.0))));
}

Nanoseconds Histogram::quantile(double q) const {
  if (count_ == 0) return Nanoseconds(0);
  // One step below q: 0.55 as a binary fraction is a little more than 0.55, and 55 of 100 values would not do.
  const double wanted = std::ceil(std::nextafter(std::clamp(q, 0.0, 1.0), 0.0) * static_cast<double>(count_));
  const std::uint64_t rank = std::clamp<std::uint64_t>(static_cast<std::uint64_t>(wanted), 1, count_);
  std::uint64_t seen = 0;
  for (std::size_t bucket = 0; bucket < buckets_.size(); ++bucket) {
    seen += buckets_[bucket];
    if (seen >= rank && bucket + 1 < buckets_.size()) {
      return std::min(Nanoseconds(highest_of(bucket)), max_);
    }
  }
  return max_;
}

}  // namespace stormproof::base
