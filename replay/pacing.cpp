#include "replay/pacing.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "harness/base/seed.h"
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

Nanoseconds stepped_offset(const SteppedRate& stepped, std::uint64_t n) {
  auto left = static_cast<long double>(n);
  Nanoseconds begin(0);
  for (const SteppedRate::Step& step : stepped.steps) {
    const auto lasting = static_cast<long double>(step.lasting.count()) / 1e9L;
    const long double sent = step.per_second * lasting;
    const bool last = &step == &stepped.steps.back();
    // A request that falls on the end of a step is the first of the next, or of the one after a pause.
    if (last || left < sent) return begin + seconds_to_ns(left / step.per_second);
    left -= sent;
    begin += step.lasting;
  }
  return begin;
}

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

// "100/s for 10s", the last one also "100/s".
base::Result<SteppedRate::Step> parse_step(std::string_view text, bool last) {
  const std::size_t at = text.find(" for ");
  if (at == text.npos && !last) {
    return base::fail(fmt::format("the step '{}' does not say how long; write it like 100/s for 10s", text));
  }
  const auto rate = base::parse_rate(trimmed(text.substr(0, at)));
  if (!rate) return std::unexpected(rate.error());
  SteppedRate::Step step{*rate, {}};
  if (at != text.npos) {
    const auto lasting = base::parse_duration(trimmed(text.substr(at + 5)));
    if (!lasting) return std::unexpected(lasting.error());
    step.lasting = *lasting;
  }
  return step;
}

}  // namespace

base::Result<RampedRate> parse_ramp(std::string_view text) {
  const std::size_t to = text.find(" to ");
  const std::size_t over = text.find(" over ");
  if (to == text.npos || over == text.npos || over < to) {
    return base::fail(fmt::format("'{}' is not a ramp; write it like \"20/s to 200/s over 30s\"", text));
  }
  const auto from_rate = base::parse_rate(trimmed(text.substr(0, to)));
  if (!from_rate) return std::unexpected(from_rate.error());
  const auto to_rate = base::parse_rate(trimmed(text.substr(to + 4, over - to - 4)));
  if (!to_rate) return std::unexpected(to_rate.error());
  const auto lasting = base::parse_duration(trimmed(text.substr(over + 6)));
  if (!lasting) return std::unexpected(lasting.error());
  if (*to_rate <= 0) return base::fail("a ramp ends at a rate above 0: its end stays");
  return RampedRate{*from_rate, *to_rate, *lasting};
}

base::Result<SteppedRate> parse_steps(std::string_view text) {
  SteppedRate stepped;
  for (bool last = false; !last;) {
    const std::size_t comma = text.find(',');
    last = comma == text.npos;
    const auto step = parse_step(trimmed(text.substr(0, comma)), last);
    if (!step) return std::unexpected(step.error());
    stepped.steps.push_back(*step);
    if (!last) text.remove_prefix(comma + 1);
  }
  if (stepped.steps.back().per_second <= 0) return base::fail("the last step has a rate above 0: it stays");
  return stepped;
}

std::string to_string(const PacingOptions& options) {
  if (const auto* speed = std::get_if<Speed>(&options)) return fmt::format("{}x", speed->factor);
  if (const auto* rate = std::get_if<ConstantRate>(&options)) return base::format_rate(rate->per_second);
  if (const auto* poisson = std::get_if<PoissonRate>(&options))
    return fmt::format("poisson {}", base::format_rate(poisson->per_second));
  if (const auto* arrivals = std::get_if<Arrivals>(&options))
    return fmt::format("arrivals of {} at {}x", arrivals->name, arrivals->factor);
  if (const auto* stepped = std::get_if<SteppedRate>(&options)) {
    std::string text;
    for (const SteppedRate::Step& step : stepped->steps) {
      text += (text.empty() ? "" : ", ") + base::format_rate(step.per_second);
      if (step.lasting.count() > 0) text += " for " + base::format_duration_exact(step.lasting);
    }
    return text;
  }
  const auto& ramp = std::get<RampedRate>(options);
  return fmt::format("{} to {} over {}", base::format_rate(ramp.from_per_second), base::format_rate(ramp.to_per_second),
                     base::format_duration_exact(ramp.over));
}

Pacing::Pacing(const std::vector<base::Time>& recorded, PacingOptions options)
    : options_(std::move(options)), loop_size_(recorded.size()) {
  const auto* const arrivals = std::get_if<Arrivals>(&options_);
  if (arrivals != nullptr) loop_size_ = arrivals->times.size();
  const std::vector<base::Time>& times = arrivals != nullptr ? arrivals->times : recorded;
  if ((arrivals == nullptr && !std::holds_alternative<Speed>(options_)) || times.empty()) return;
  offsets_.reserve(times.size());
  for (const base::Time time : times) offsets_.push_back(std::max(time - times.front(), Nanoseconds(0)));
  const auto gaps = static_cast<std::int64_t>(times.size()) - 1;
  loop_ = offsets_.back() + (gaps > 0 ? offsets_.back() / gaps : gap_of_one);
}

Nanoseconds Pacing::listed_offset(std::uint64_t n, double factor) const {
  if (offsets_.empty()) return Nanoseconds(0);
  const std::uint64_t loops = n / offsets_.size();
  const Nanoseconds listed = loop_ * static_cast<std::int64_t>(loops) + offsets_[n % offsets_.size()];
  return Nanoseconds(std::llround(static_cast<long double>(listed.count()) / factor));
}

// The first request comes after a gap as any other: the process has no beginning.
Nanoseconds Pacing::poisson_offset(const PoissonRate& poisson, std::uint64_t n) const {
  if (poisson_.n > n + 1) poisson_ = {};
  for (; poisson_.n <= n; ++poisson_.n) {
    const double unit = base::draw_unit(poisson.seed, "pacing/poisson", poisson_.n);
    poisson_.offset += seconds_to_ns(-std::log1p(-static_cast<long double>(unit)) / poisson.per_second);
  }
  return poisson_.offset;
}

Nanoseconds Pacing::offset(std::uint64_t n) const {
  if (const auto* speed = std::get_if<Speed>(&options_)) return listed_offset(n, speed->factor);
  if (const auto* ramp = std::get_if<RampedRate>(&options_)) return ramped_offset(*ramp, n);
  if (const auto* stepped = std::get_if<SteppedRate>(&options_)) return stepped_offset(*stepped, n);
  if (const auto* poisson = std::get_if<PoissonRate>(&options_)) return poisson_offset(*poisson, n);
  if (const auto* arrivals = std::get_if<Arrivals>(&options_)) return listed_offset(n, arrivals->factor);
  return seconds_to_ns(static_cast<long double>(n) / std::get<ConstantRate>(options_).per_second);
}

}  // namespace stormproof::replay
