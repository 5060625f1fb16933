#include "harness/verify/bucket_fit.h"

#include <algorithm>
#include <limits>
#include <tuple>

namespace stormproof::verify {
namespace {

using What = Decision::What;

constexpr double token_slack = 0.05;       // tokens: what arithmetic and rounding lose
constexpr double queue_spread_min = 0.02;  // seconds of waiting that show a queue
constexpr std::size_t waits_min = 5;

// The level of a bucket that spends what was admitted: as little, and as much, as may be in it.
class Levels {
 public:
  Levels(double per_second, double burst, bool full)
      : per_second_(per_second), burst_(burst), least_(full ? burst : 0), most_(burst) {}

  void until(double at) {
    const double gained = per_second_ * std::max(0.0, at - last_);
    least_ = std::min(burst_, least_ + gained);
    most_ = std::min(burst_, most_ + gained);
    last_ = std::max(last_, at);
  }
  void spend() { least_ = std::max(0.0, least_ - 1), most_ = std::max(0.0, most_ - 1); }
  void perhaps_spend() { least_ = std::max(0.0, least_ - 1); }
  double least() const { return least_; }
  double most() const { return most_; }

 private:
  double per_second_;
  double burst_;
  double last_ = 0;
  double least_;
  double most_;
};

struct Step {
  double at = 0;
  int order = 0;  // at one instant: an end of what was admitted, a begin of it, a refusal
  std::size_t ruling = 0;
};

std::vector<Step> steps_of(const Rulings& rulings) {
  std::vector<Step> steps;
  for (std::size_t i = 0; i < rulings.size(); ++i) {
    const bool refused = rulings[i].what == What::refused;
    steps.push_back({rulings[i].begin, refused ? 2 : 1, i});
    steps.push_back({rulings[i].end, refused ? 3 : 0, i});
  }
  std::ranges::sort(steps, [](const Step& a, const Step& b) {
    return std::tie(a.at, a.order, a.ruling) < std::tie(b.at, b.order, b.ruling);
  });
  return steps;
}

std::uint64_t bucket_contradictions(const Rulings& rulings, const std::vector<Step>& steps, double rate, double burst,
                                    bool rested) {
  Levels levels(rate, burst, rested);
  std::vector<double> at_begin(rulings.size());
  double under_way = 0;
  std::uint64_t wrong = 0;
  const double slack = token_slack + rate * clock_slack;
  for (const Step& step : steps) {
    levels.until(step.at);
    const Ruled& one = rulings[step.ruling];
    switch (step.order) {
      case 0:
        under_way -= 1;
        if (one.what == What::unknown) levels.perhaps_spend();
        if (one.what != What::admitted) break;
        wrong += levels.most() < 1 - slack ? 1 : 0;
        levels.spend();
        break;
      case 1: under_way += 1; break;
      case 2: at_begin[step.ruling] = levels.least() - under_way; break;
      default: {
        const double at_end = levels.least() - under_way - rate * (one.end - one.begin);
        wrong += std::min(at_begin[step.ruling], at_end) >= 1 + slack ? 1 : 0;
      }
    }
  }
  return wrong;
}

}  // namespace

Fit fit_bucket(const Rulings& rulings, const std::vector<double>& rates, const std::vector<double>& bursts,
               bool rested) {
  const std::vector<Step> steps = steps_of(rulings);
  Fit best = nothing_yet(LimiterClass::token_bucket);
  for (const double about : rates) {
    for (const double off : {0.0, 0.001, -0.001, 0.002, -0.002, 0.005, -0.005, 0.01, -0.01}) {
      for (const double burst : bursts) {
        const double rate = about * (1 + off);
        keep_better(best, {.what = LimiterClass::token_bucket,
                           .at_once = burst,
                           .per_second = rate,
                           .contradictions = bucket_contradictions(rulings, steps, rate, burst, rested)});
      }
    }
  }
  return best;
}

std::optional<double> queueing(const Rulings& rulings, const Fit& bucket) {
  double least = std::numeric_limits<double>::max();
  for (const Ruled& one : rulings) {
    if (one.what == What::admitted) least = std::min(least, one.finish - one.begin);
  }
  Levels levels(bucket.per_second, bucket.at_once, true);
  std::size_t waits = 0;
  double both = 0, square = 0;
  for (const Ruled& one : rulings) {
    if (one.what != What::admitted) continue;
    levels.until(one.begin);
    const double expected = (bucket.at_once - std::max(levels.least(), levels.most())) / bucket.per_second;
    levels.spend();
    waits += expected >= queue_spread_min ? 1 : 0;
    both += expected * (one.finish - one.begin - least);
    square += expected * expected;
  }
  if (waits < waits_min || square <= 0) return std::nullopt;
  return both / square;
}

}  // namespace stormproof::verify
