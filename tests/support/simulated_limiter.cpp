#include "tests/support/simulated_limiter.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace stormproof::support {
namespace {

using base::Nanoseconds;
using base::Time;

double in_seconds(Nanoseconds duration) { return static_cast<double>(duration.count()) / 1e9; }
Nanoseconds of_seconds(double value) { return Nanoseconds(std::llround(value * 1e9)); }

constexpr double drops_share = 0.05;

bool is_bucket(LimiterKind kind) { return kind == LimiterKind::token_bucket || kind == LimiterKind::leaky_queue; }

}  // namespace

std::string_view to_string(LimiterKind kind) {
  constexpr std::array<std::string_view, 10> names = {
      "token bucket",    "leaky queue",      "fixed window",  "anchored window",   "sliding log",
      "sliding counter", "anchored counter", "penalised log", "penalised counter", "concurrency"};
  return names[static_cast<std::size_t>(kind)];
}

double LimiterSettings::promised_rate() const { return is_bucket(kind) ? rate : quota / in_seconds(window); }

int LimiterSettings::promised_at_once() const {
  // At the border of two windows, both may be had at once.
  const bool two = kind == LimiterKind::fixed_window || kind == LimiterKind::anchored_window;
  return is_bucket(kind) ? burst : two ? 2 * quota : quota;
}

SimulatedLimiter::SimulatedLimiter(const LimiterSettings& settings)
    : settings_(settings),
      random_(settings.seed),
      rate_(settings.rate),
      burst_(settings.burst),
      quota_(settings.quota) {
  const int tenth = std::max(1, settings.quota / 10);
  switch (settings.fault) {
    case LimiterFault::off_by_some:
      burst_ += settings.off_by;
      quota_ += settings.off_by;
      break;
    case LimiterFault::too_generous:
      rate_ *= 1.1;
      quota_ += tenth;
      break;
    case LimiterFault::too_strict:
      rate_ *= 0.9;
      quota_ = std::max(1, quota_ - tenth);
      break;
    default: break;
  }
}

Ruling SimulatedLimiter::ask(std::uint64_t key, Time now, Nanoseconds service) {
  const LimiterFault fault = settings_.fault;
  if (fault == LimiterFault::unlimited) return {};
  if (fault == LimiterFault::one_for_all) key = 0;
  if (fault == LimiterFault::drops_some && unit() < drops_share)
    return {.admitted = false, .wait = of_seconds(1 / rate_)};
  if (fault == LimiterFault::per_instance)
    key = key * static_cast<std::uint64_t>(settings_.instances) +
          static_cast<std::uint64_t>(unit() * settings_.instances);
  Ruling ruling = rule(quotas_[key], now, service);
  if (fault == LimiterFault::lies) ruling.wait = 10 * std::chrono::ceil<std::chrono::seconds>(ruling.wait);
  if (fault == LimiterFault::silent) ruling.wait = Nanoseconds(0);
  return ruling;
}

Ruling SimulatedLimiter::rule(Quota& quota, Time now, Nanoseconds service) {
  switch (settings_.kind) {
    case LimiterKind::token_bucket:
    case LimiterKind::leaky_queue: return by_bucket(quota, now);
    case LimiterKind::fixed_window: return by_fixed_window(quota, now);
    case LimiterKind::anchored_window: return by_anchored_window(quota, now);
    case LimiterKind::sliding_log: return by_log(quota, now, false);
    case LimiterKind::sliding_counter: return by_counter(quota, now, false);
    case LimiterKind::anchored_counter: return by_anchored_counter(quota, now);
    case LimiterKind::penalised_log: return by_log(quota, now, true);
    case LimiterKind::penalised_counter: return by_counter(quota, now, true);
    case LimiterKind::concurrency: return by_concurrency(quota, now, service);
  }
  return {};
}

Ruling SimulatedLimiter::by_bucket(Quota& quota, Time now) {
  const double most = burst_;
  if (!quota.begun) quota = {.begun = true, .level = most, .last = now};
  quota.level = std::min(most, quota.level + rate_ * in_seconds(std::max(Nanoseconds(0), now - quota.last)));
  quota.last = std::max(now, quota.last);
  // A whole token, but for what arithmetic loses.
  if (quota.level < 1 - 1e-9) {
    const Ruling ruling{.admitted = false, .wait = of_seconds((1 - quota.level) / rate_)};
    if (settings_.fault == LimiterFault::counts_refused) quota.level = std::max(quota.level - 1, -most);
    return ruling;
  }
  quota.level = std::max(0.0, quota.level - 1);
  const bool queues = settings_.kind == LimiterKind::leaky_queue;
  return {.queued = queues ? of_seconds((most - 1 - quota.level) / rate_) : Nanoseconds(0),
          .wait = of_seconds((most - quota.level) / rate_),
          .remaining = static_cast<int>(quota.level)};
}

Ruling SimulatedLimiter::by_fixed_window(Quota& quota, Time now) const {
  const std::int64_t ticks = (now.time_since_epoch() - settings_.phase).count();
  const std::int64_t number = ticks / settings_.window.count();
  if (!quota.begun || number != quota.window) quota = {.begun = true, .window = number};
  const Nanoseconds wait((number + 1) * settings_.window.count() - ticks);
  if (quota.counted >= quota_) return {.admitted = false, .wait = wait};
  ++quota.counted;
  return {.wait = wait, .remaining = quota_ - quota.counted};
}

Ruling SimulatedLimiter::by_anchored_window(Quota& quota, Time now) const {
  if (!quota.begun || now - quota.last >= settings_.window) quota = {.begun = true, .last = now};
  const Nanoseconds wait = quota.last + settings_.window - now;
  if (quota.counted >= quota_) return {.admitted = false, .wait = wait};
  ++quota.counted;
  return {.wait = wait, .remaining = quota_ - quota.counted};
}

Ruling SimulatedLimiter::by_log(Quota& quota, Time now, bool penalises) const {
  while (!quota.times.empty() && quota.times.front() + settings_.window <= now) quota.times.pop_front();
  const bool full = std::ssize(quota.times) >= quota_;
  // As many as are above the quota must have left.
  const std::size_t above = full ? quota.times.size() - static_cast<std::size_t>(quota_) : 0;
  const Nanoseconds wait = quota.times.empty() ? Nanoseconds(0) : quota.times[above] + settings_.window - now;
  if (!full || penalises) quota.times.push_back(now);
  return {.admitted = !full, .wait = wait, .remaining = std::max(0, quota_ - static_cast<int>(quota.times.size()))};
}

Ruling SimulatedLimiter::by_counter(Quota& quota, Time now, bool penalises) const {
  const std::int64_t ticks = (now.time_since_epoch() - settings_.phase).count();
  const std::int64_t number = ticks / settings_.window.count();
  if (!quota.begun || number > quota.window + 1) quota = {.begun = true, .window = number};
  if (number == quota.window + 1) quota = {.begun = true, .window = number, .before = quota.counted};
  const double gone =
      static_cast<double>(ticks % settings_.window.count()) / static_cast<double>(settings_.window.count());
  return weighed(quota, gone, penalises);
}

Ruling SimulatedLimiter::by_anchored_counter(Quota& quota, Time now) const {
  if (!quota.begun || now - quota.last >= 2 * settings_.window) quota = {.begun = true, .last = now};
  if (now - quota.last >= settings_.window)
    quota = {.begun = true, .last = quota.last + settings_.window, .before = quota.counted};
  return weighed(quota, in_seconds(now - quota.last) / in_seconds(settings_.window), false);
}

// By how much of its window is gone.
Ruling SimulatedLimiter::weighed(Quota& quota, double gone, bool penalises) const {
  const double weighted = quota.before * (1 - gone) + quota.counted;
  const bool full = weighted + 1 > quota_ + 1e-9;
  Nanoseconds wait{0};
  if (full) {
    // In this window, by what the last one's weight loses; else in the next, by what this one's does.
    const double room = quota_ - 1 - quota.counted;
    const double here = quota.before > 0 && room >= 0 ? 1 - room / quota.before : 2;
    const double next =
        quota.counted > 0 ? 1 + std::max(0.0, 1 - (quota_ - 1) / static_cast<double>(quota.counted)) : 1;
    wait = of_seconds((std::max(gone, here <= 1 ? here : next) - gone) * in_seconds(settings_.window));
  }
  if (!full || penalises) ++quota.counted;
  return {.admitted = !full, .wait = wait, .remaining = std::max(0, static_cast<int>(quota_ - weighted - 1))};
}

Ruling SimulatedLimiter::by_concurrency(Quota& quota, Time now, Nanoseconds service) const {
  std::erase_if(quota.times, [now](Time end) { return end <= now; });
  if (std::ssize(quota.times) >= quota_)
    return {.admitted = false, .wait = *std::ranges::min_element(quota.times) - now};
  quota.times.push_back(now + service);
  return {.remaining = quota_ - static_cast<int>(quota.times.size())};
}

}  // namespace stormproof::support
