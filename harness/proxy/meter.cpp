#include "harness/proxy/meter.h"

#include <algorithm>
#include <numeric>

namespace stormproof::proxy {
namespace {

template <std::size_t size>
void add(std::array<std::uint64_t, size>& to, const std::array<std::uint64_t, size>& from) {
  for (std::size_t i = 0; i < size; ++i) to[i] += from[i];
}

}  // namespace

std::uint64_t DurationBuckets::count() const { return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0}); }

DurationBuckets& DurationBuckets::operator+=(const DurationBuckets& other) {
  add(counts, other.counts);
  sum_ns += other.sum_ns;
  return *this;
}

std::uint64_t MeterReading::exchanges() const {
  return std::accumulate(outcomes.begin(), outcomes.end(), std::uint64_t{0});
}

MeterReading& MeterReading::operator+=(const MeterReading& other) {
  add(outcomes, other.outcomes);
  add(status_classes, other.status_classes);
  faults += other.faults;
  request_bytes += other.request_bytes;
  response_bytes += other.response_bytes;
  duration += other.duration;
  first_byte += other.first_byte;
  return *this;
}

void Meter::Durations::add(base::Nanoseconds duration) {
  counts[bucket_of(duration)].add(1);
  sum_ns.add(static_cast<std::uint64_t>(std::max(duration, base::Nanoseconds(0)).count()));
}

DurationBuckets Meter::Durations::read() const {
  DurationBuckets reading;
  for (std::size_t i = 0; i < counts.size(); ++i) reading.counts[i] = counts[i].now();
  reading.sum_ns = sum_ns.now();
  return reading;
}

void Meter::exchange(const events::Exchange& exchange) {
  outcomes_[std::min(static_cast<std::size_t>(exchange.outcome), outcomes_.size() - 1)].add(1);
  if (exchange.status != 0) {
    const std::size_t status_class = exchange.status / 100U;
    status_classes_[status_class < status_classes_.size() ? status_class : 0].add(1);
  }
  request_bytes_.add(exchange.request_bytes);
  response_bytes_.add(exchange.response_bytes);
  if (exchange.outcome == events::Outcome::answered) {
    duration_.add(exchange.end - exchange.start);
    if (exchange.first_byte != base::Time{}) first_byte_.add(exchange.first_byte - exchange.start);
  }
  if (inner_ != nullptr) inner_->exchange(exchange);
}

void Meter::fault(const events::FaultFired& fault) {
  if (events::acted(fault)) faults_.add(1);
  if (inner_ != nullptr) inner_->fault(fault);
}

MeterReading Meter::read() const {
  MeterReading reading;
  for (std::size_t i = 0; i < outcomes_.size(); ++i) reading.outcomes[i] = outcomes_[i].now();
  for (std::size_t i = 0; i < status_classes_.size(); ++i) reading.status_classes[i] = status_classes_[i].now();
  reading.faults = faults_.now();
  reading.request_bytes = request_bytes_.now();
  reading.response_bytes = response_bytes_.now();
  reading.duration = duration_.read();
  reading.first_byte = first_byte_.read();
  return reading;
}

}  // namespace stormproof::proxy
