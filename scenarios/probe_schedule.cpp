#include "scenarios/probe_schedule.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "harness/base/units.h"

namespace stormproof::scenarios {
namespace {

using Kind = ProbeStep::Kind;

constexpr Nanoseconds refill_least = std::chrono::milliseconds(250);
constexpr Nanoseconds settle = std::chrono::milliseconds(200);  // after what other traffic has left under way
constexpr Nanoseconds tenth = std::chrono::milliseconds(100);
constexpr double rest_refills = 2.2;  // so many refill times fill any limit of a known class
constexpr int bursts_of_row = 5;      // after the first
constexpr double burst_gap = 0.3;     // refill times
constexpr int rows = 3;
constexpr int rows_long = 2;  // where a refill takes long
constexpr Nanoseconds refill_long = std::chrono::seconds(5);
constexpr std::array<double, 3> stairs = {0, 0.35, 0.7};  // refill times after the rest: a third of the burst each
constexpr std::array<double, 4> landings = {1.05, 1.4, 1.75, 2.1};
constexpr double sustained_requests = 100;  // that are admitted meanwhile: the rate is then known to 1 %
constexpr int refills_sustained = 3;
constexpr Nanoseconds slowed_least = std::chrono::seconds(2);
constexpr int variation_rounds = 2;
constexpr std::uint64_t variation_asks_max = 8;
constexpr double moderate_requests = 110;  // the judge needs a hundred
constexpr double burst_speed = 30;         // times the rate, within a burst
constexpr double few_at_once = 12;         // so few decisions tell little: they are asked for twice

double seconds(Nanoseconds duration) { return static_cast<double>(duration.count()) / 1e9; }
Nanoseconds of_seconds(double value) { return Nanoseconds(std::llround(value * 1e9)); }
Nanoseconds times(double factor, Nanoseconds duration) { return of_seconds(factor * seconds(duration)); }

class Maker {
 public:
  Maker(const RateProbe& probe, const RateLimitExpectation& claim)
      : probe_(probe), claim_(claim), rate_(std::max(claim.rate_per_second, 1e-6)), refill_(refill_time(claim)) {
    const double at_once = std::ceil(rate_ * seconds(refill_) - 1e-9);
    burst_ = claim.burst ? static_cast<double>(*claim.burst) : at_once;
    // A window may give twice what it is for.
    burst_ = std::max(1.0, std::max(burst_, std::min(at_once, 2 * burst_)));
    // A burst is short beside the time in which the quota comes back, and no shorter: its decisions must be told apart.
    speed_ = burst_speed * std::max(rate_, burst_ / seconds(refill_));
  }

  ProbeSchedule make() {
    rest(settle + times(rest_refills, refill_));
    for (int row = 0; row < (refill_ > refill_long ? rows_long : rows); ++row) {
      add_row();
      rest(times(rest_refills, refill_));
    }
    add_staircase();
    if (burst_ < few_at_once) {
      rest(times(rest_refills, refill_));
      add_staircase();
    }
    add_sustained(Kind::sustained, sustained_time());
    if (!probe_.slow_on.empty()) add_sustained(Kind::slowed, std::max(sustained_time() / 2, slowed_least));
    add_variations();
    if (claim_.isolated) add_isolation();
    // To a whole tenth of a second: this is read by people.
    const Nanoseconds whole = (now_ + settle) / tenth * tenth + tenth;
    rest(whole - now_);
    made_.lasting = now_;
    return std::move(made_);
  }

 private:
  void begin(Kind kind, std::uint32_t variant = 0) {
    made_.steps.push_back({.kind = kind, .begin = now_, .first_shot = made_.shots.size(), .variant = variant});
  }
  void end(Nanoseconds at) {
    now_ = at;
    made_.steps.back().end = at;
    made_.steps.back().shots = made_.shots.size() - made_.steps.back().first_shot;
  }
  void rest(Nanoseconds lasting) {
    begin(Kind::rest);
    end(now_ + lasting);
  }

  // So many that a limit which is full is spent, and more.
  double spending() const { return std::ceil((1.5 * burst_) / (1 - rate_ / speed_)) + 5; }

  Nanoseconds burst(Nanoseconds at, double count, std::uint32_t variant = 0) {
    if (static_cast<double>(made_.shots.size()) + count > static_cast<double>(probe_shots_max)) return at;
    for (int i = 0; i < count; ++i) made_.shots.push_back({at + of_seconds(i / speed_), variant});
    return at + of_seconds(count / speed_);
  }

  void add_row() {
    begin(Kind::row);
    burst(now_, spending());
    Nanoseconds last = now_;
    for (int i = 1; i <= bursts_of_row; ++i)
      last = burst(now_ + times(i * burst_gap, refill_), std::ceil(0.6 * burst_) + 3);
    end(last);
    put_in_order();
  }

  void add_staircase() {
    begin(Kind::staircase);
    for (const double at : stairs) {
      const bool spends = at == stairs.back();
      burst(now_ + times(at, refill_),
            spends ? spending() : std::max(1.0, std::floor(std::min(burst_, rate_ * seconds(refill_)) / 3)));
    }
    Nanoseconds last = now_;
    for (const double at : landings) last = burst(now_ + times(at, refill_), std::ceil(0.6 * burst_) + 3);
    end(last);
    put_in_order();
  }

  // Bursts that take longer than the gap between them run into each other.
  void put_in_order() {
    const auto first = made_.shots.begin() + static_cast<std::ptrdiff_t>(made_.steps.back().first_shot);
    std::ranges::sort(first, made_.shots.end(), {}, &ProbeShot::offset);
    if (first != made_.shots.end()) {
      now_ = std::max(now_, made_.shots.back().offset);
      made_.steps.back().end = now_;
    }
  }

  Nanoseconds sustained_time() const {
    return std::max(of_seconds(sustained_requests / rate_), refills_sustained * refill_);
  }

  void add_sustained(Kind kind, Nanoseconds lasting) {
    begin(kind);
    const double per_second = probe_too_much * rate_;
    for (double i = 0; i / per_second < seconds(lasting) && made_.shots.size() < probe_shots_max; ++i)
      made_.shots.push_back({now_ + of_seconds(i / per_second)});
    end(now_ + lasting);
  }

  void add_variations() {
    if (probe_.vary.empty()) return;
    const double asks = std::clamp(std::ceil(burst_ / 2), 1.0, static_cast<double>(variation_asks_max));
    for (int round = 0; round < variation_rounds; ++round) {
      rest(times(rest_refills, refill_));
      for (std::uint32_t which = 1; which <= probe_.vary.size(); ++which) {
        begin(Kind::variation, which);
        const Nanoseconds spent = burst(now_, spending());
        end(burst(spent, asks, which));
      }
    }
  }

  void add_isolation() {
    const auto own = std::ranges::find(probe_.vary, true, &ProbeVariant::own_quota);
    if (own == probe_.vary.end()) return;
    rest(times(rest_refills, refill_));
    begin(Kind::isolation, static_cast<std::uint32_t>(own - probe_.vary.begin()) + 1);
    const std::uint32_t other = made_.steps.back().variant;
    const Nanoseconds lasting = of_seconds(moderate_requests / (probe_moderate * rate_));
    for (double i = 0; i / (probe_flood * rate_) < seconds(lasting) && made_.shots.size() < probe_shots_max; ++i)
      made_.shots.push_back({now_ + of_seconds(i / (probe_flood * rate_))});
    for (double i = 0; i < moderate_requests; ++i)
      made_.shots.push_back({now_ + of_seconds((i + 0.5) / (probe_moderate * rate_)), other});
    end(now_ + lasting);
    put_in_order();
    now_ = made_.steps.back().end = std::max(now_, made_.steps.back().begin + lasting);
  }

  const RateProbe& probe_;
  const RateLimitExpectation& claim_;
  double rate_;
  Nanoseconds refill_;
  double burst_ = 1;
  double speed_ = 1;  // requests a second within a burst
  Nanoseconds now_{0};
  ProbeSchedule made_;
};

}  // namespace

std::string_view to_string(Kind kind) {
  constexpr std::array<std::string_view, 7> names = {"rest",      "bursts after a rest", "quota spent in parts",
                                                     "sustained", "sustained, slowed",   "variation",
                                                     "isolation"};
  return names[static_cast<std::size_t>(kind)];
}

Nanoseconds refill_time(const RateLimitExpectation& claim) {
  if (claim.window) return std::max(refill_least, *claim.window);
  if (!claim.burst || claim.rate_per_second <= 0) return std::chrono::seconds(1);
  return std::max(refill_least, of_seconds(std::min(1e6, static_cast<double>(*claim.burst) / claim.rate_per_second)));
}

const RateLimitExpectation* probed_claim(const Phase& phase) {
  for (const Expectation& expectation : phase.expect) {
    if (const auto* const claim = std::get_if<RateLimitExpectation>(&expectation.what)) return claim;
  }
  return nullptr;
}

ProbeSchedule probe_schedule(const RateProbe& probe, const RateLimitExpectation& claim) {
  return Maker(probe, claim).make();
}

std::string describe(const ProbeSchedule& schedule) {
  return fmt::format("{}, {} requests", base::format_duration(schedule.lasting), schedule.shots.size());
}

}  // namespace stormproof::scenarios
