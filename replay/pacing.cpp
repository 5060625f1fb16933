#include "replay/pacing.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "harness/base/units.h"

namespace stormproof::replay {
namespace {

using base::Nanoseconds;

// One request has no gap to repeat: its loops follow each other by this.
constexpr Nanoseconds gap_of_one = std::chrono::seconds(1);

// long double has 64 bits of mantissa here: whole nanoseconds stay whole over centuries.
Nanoseconds seconds_to_ns(long double seconds) { return Nanoseconds(std::llround(seconds * 1e9L)); }

// The instant t at which the integral of the rate, from·t + (to − from)·t²/(2·over), reaches n.
Nanoseconds ramped_offset(const RampedRate& ramp, std::uint64_t n) {
  const long double over = static_cast<long double>(ramp.over.count()) / 1e9L;
  const long double from = ramp.from_per_second;
  const long double to = ramp.to_per_second;
  const long double sent_in_ramp = (from + to) / 2 * over;
  const auto wanted = static_cast<long double>(n);
  if (wanted >= sent_in_ramp) return seconds_to_ns(over + (wanted - sent_in_ramp) / to);
  const long double growth = (to - from) / over;
  // 2n/(from + √(from² + 2·growth·n)): the root in the form that loses no digits when growth is small.
  return seconds_to_ns(2 * wanted / (from + std::sqrt(from * from + 2 * growth * wanted)));
}

}  // namespace

std::string to_string(const PacingOptions& options) {
  if (const auto* speed = std::get_if<Speed>(&options)) return fmt::format("{}x", speed->factor);
  if (const auto* rate = std::get_if<ConstantRate>(&options)) return base::format_rate(rate->per_second);
  const auto& ramp = std::get<RampedRate>(options);
  return fmt::format("{} to {} over {}", base::format_rate(ramp.from_per_second), base::format_rate(ramp.to_per_second),
                     base::format_duration_exact(ramp.over));
}

Pacing::Pacing(const std::vector<base::Time>& recorded, PacingOptions options) : options_(std::move(options)) {
  if (!std::holds_alternative<Speed>(options_) || recorded.empty()) return;
  offsets_.reserve(recorded.size());
  for (const base::Time time : recorded) offsets_.push_back(std::max(time - recorded.front(), Nanoseconds(0)));
  const auto gaps = static_cast<std::int64_t>(recorded.size()) - 1;
  loop_ = offsets_.back() + (gaps > 0 ? offsets_.back() / gaps : gap_of_one);
}

Nanoseconds Pacing::recorded_offset(std::uint64_t n, double factor) const {
  if (offsets_.empty()) return Nanoseconds(0);
  const std::uint64_t loops = n / offsets_.size();
  const Nanoseconds recorded = loop_ * static_cast<std::int64_t>(loops) + offsets_[n % offsets_.size()];
  return Nanoseconds(std::llround(static_cast<long double>(recorded.count()) / factor));
}

Nanoseconds Pacing::offset(std::uint64_t n) const {
  if (const auto* speed = std::get_if<Speed>(&options_)) return recorded_offset(n, speed->factor);
  if (const auto* ramp = std::get_if<RampedRate>(&options_)) return ramped_offset(*ramp, n);
  return seconds_to_ns(static_cast<long double>(n) / std::get<ConstantRate>(options_).per_second);
}

}  // namespace stormproof::replay
