#include "harness/verify/comparison_gates.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>

#include "harness/base/units.h"
#include "harness/verify/paired_statistics.h"
#include "harness/verify/statistics.h"

namespace stormproof::verify {
namespace {

using replay::Comparison;
using replay::LatencyTrio;

constexpr double interval_side = 0.975;
constexpr double baseline_failures_max = 0.5;
constexpr double floor_seconds = 1e-9;

double real(std::uint64_t count) { return static_cast<double>(count); }

std::uint64_t rounded_up(double value) {
  return value >= real(samples_max) ? samples_max : static_cast<std::uint64_t>(std::ceil(std::max(value, 1.0)));
}

// Without a single case in so many, this share is excluded at 95 %; a share of 0 by no number.
std::optional<std::uint64_t> samples_for_share(double share) {
  if (share <= 0) return std::nullopt;
  return rounded_up(std::log(1 - confidence_default) / std::log1p(-std::min(share, 0.5)));
}

std::string signed_percent(double ratio) { return fmt::format("{:+.1f} %", ratio * 100); }

void fill_differences(Gate& gate, const Comparison& comparison, const std::vector<JudgedDifference>& found,
                      double margin, bool repeats) {
  gate.samples = comparison.requests();
  gate.expected = comparison.has_second() ? "none beyond the noise between the two baselines" : "none";
  const auto count = [&](Cause cause) {
    return static_cast<std::uint64_t>(std::ranges::count(found, cause, &JudgedDifference::cause));
  };
  gate.measured =
      comparison.has_second()
          ? fmt::format("{} real, {} undecided, {} noise; {} of {} requests differ", count(Cause::real),
                        count(Cause::undecided), count(Cause::noise), comparison.different(), comparison.requests())
          : fmt::format("{} of {} requests differ, in {} places", comparison.different(), comparison.requests(),
                        count(Cause::untold));
  if (comparison.requests() == 0) {
    gate.missing = "no request was compared";
    return;
  }
  if (count(Cause::real) > 0) {
    gate.verdict = Verdict::violated;
    return;
  }
  if (count(Cause::untold) > 0) {
    gate.missing = fmt::format(
        "{} differences cannot be told from noise: name a second baseline, another instance of the same version",
        count(Cause::untold));
    return;
  }
  std::uint64_t unexplained = 0;
  for (const JudgedDifference& judged : found)
    unexplained += judged.cause == Cause::undecided ? judged.counts->candidate_only : 0;
  if (unexplained > 0 && (repeats || share_upper(unexplained, comparison.requests()) > margin)) {
    for (const JudgedDifference& judged : found) {
      if (judged.cause == Cause::undecided)
        gate.requests_needed = std::max(gate.requests_needed, judged.requests_needed);
    }
    gate.missing = fmt::format("{} differences are too rare to tell from noise", count(Cause::undecided));
    return;
  }
  if (share_upper(0, comparison.requests()) > margin) {
    gate.requests_needed = samples_for_share(margin);
    gate.missing =
        fmt::format("so few requests do not exclude a difference in {} of them", base::format_percent(margin));
    return;
  }
  gate.verdict = Verdict::holds;
}

// ---- latency ---------------------------------------------------------------------------------------------------------

float log_of(float seconds) { return std::log(std::max(seconds, static_cast<float>(floor_seconds))); }

struct Ratios {
  double seconds = 0;                   // that the comparison took
  std::vector<float> pooled = {};       // candidate to the baselines' geometric mean
  std::vector<float> to_baseline = {};  // each empty where there is no second baseline
  std::vector<float> to_second = {};
};

double seconds_of(const Comparison& comparison) {
  return std::chrono::duration<double>(comparison.latencies_took()).count();
}

Ratios ratios_of(const Comparison& comparison, std::optional<std::uint32_t> route) {
  Ratios ratios{.seconds = seconds_of(comparison)};
  for (const LatencyTrio& trio : comparison.latencies()) {
    if (route && trio.route != *route) continue;
    const float candidate = log_of(trio.candidate);
    const float baseline = log_of(trio.baseline);
    if (trio.second == 0) {
      ratios.pooled.push_back(candidate - baseline);
      continue;
    }
    const float second = log_of(trio.second);
    ratios.pooled.push_back(candidate - (baseline + second) / 2);
    ratios.to_baseline.push_back(candidate - baseline);
    ratios.to_second.push_back(candidate - second);
  }
  return ratios;
}

// Slower than the two baselines together by more than `limit`, and than each of them at all: an instance that is slow by
// itself accuses nobody.
double p_slower(const Ratios& ratios, const Location& pooled, double limit) {
  double p = pooled.p_above(limit);
  for (const auto* one : {&ratios.to_baseline, &ratios.to_second}) {
    const auto location = location_of(*one, ratios.seconds);
    if (location && location->p_above(0) > doubt) p = std::max(p, location->p_above(0));
  }
  return p;
}

// As it would be with more of the same.
std::uint64_t samples_for(const Location& location, double limit, double alpha) {
  const double wanted =
      boost::math::quantile(boost::math::normal(), 1 - (location.estimate < limit ? 1 - confidence_default : alpha));
  const double distance = std::abs(location.estimate - limit);
  if (distance == 0) return samples_max;
  const double ratio = wanted * location.standard_error / distance;
  return rounded_up(std::max(1.1, ratio * ratio) * real(location.samples));
}

struct Latency {
  std::optional<Location> whole;
  double p_worse = 1;  // of the whole, or of the worst route
  std::string worst_route;
  std::vector<RouteLatency> routes;
};

Latency latency_of(const Comparison& comparison, double limit) {
  Latency latency;
  const Ratios all = ratios_of(comparison, std::nullopt);
  latency.whole = location_of(all.pooled, all.seconds);
  if (!latency.whole) return latency;
  std::vector<double> p_values;
  std::vector<double> p_any;  // of slower at all
  for (std::uint32_t route = 0; route < comparison.routes().size(); ++route) {
    if (comparison.requests_of_route()[route] < location_samples_min) continue;
    const Ratios ratios = ratios_of(comparison, route);
    const auto location = location_of(ratios.pooled, ratios.seconds);
    if (!location) continue;
    p_values.push_back(p_slower(ratios, *location, limit));
    p_any.push_back(p_slower(ratios, *location, 0));
    latency.routes.push_back({comparison.routes()[route], location->samples, std::expm1(location->estimate),
                              std::expm1(location->lower(interval_side)), std::expm1(location->upper(interval_side)),
                              false});
  }
  const auto found = discoveries(p_any, 0.05);
  for (std::size_t i = 0; i < found.size(); ++i) latency.routes[i].stands_out = found[i];
  latency.p_worse = p_slower(all, *latency.whole, limit);
  if (p_values.size() > 1) {
    // Half of what this gate may err is the whole's, half the routes'.
    latency.p_worse *= 2;
    for (std::size_t i = 0; i < p_values.size(); ++i) {
      const double p = 2 * p_values[i] * real(p_values.size());
      if (p >= latency.p_worse) continue;
      latency.p_worse = p;
      latency.worst_route = latency.routes[i].route;
    }
  }
  std::ranges::sort(latency.routes, std::ranges::greater{}, &RouteLatency::ratio);
  return latency;
}

void fill_latency(Gate& gate, const Latency& latency, double margin, double alpha) {
  gate.expected = fmt::format("at most {:.3g} % slower", margin * 100);
  if (!latency.whole) {
    gate.measured = fmt::format("{} requests answered by all", gate.samples);
    gate.requests_needed = location_samples_min;
    gate.missing = fmt::format("a ratio needs {} requests that all targets answered", location_samples_min);
    return;
  }
  const Location& whole = *latency.whole;
  gate.p = std::min(1.0, latency.p_worse);
  gate.estimate = std::expm1(whole.estimate);
  gate.lower = std::expm1(whole.lower(interval_side));
  gate.upper = std::expm1(whole.upper(interval_side));
  gate.measured = fmt::format("{} ({} to {}), paired", signed_percent(*gate.estimate), signed_percent(*gate.lower),
                              signed_percent(*gate.upper));
  if (gate.p <= alpha) {
    gate.verdict = Verdict::violated;
    if (!latency.worst_route.empty()) gate.measured += fmt::format("; worst on {}", latency.worst_route);
  } else if (whole.p_below(std::log1p(margin)) <= 1 - confidence_default) {
    gate.verdict = Verdict::holds;
  } else if (whole.disturbance > 0 && whole.lower(1 - alpha) > std::log1p(margin)) {
    gate.requests_needed = rounded_up(real(whole.samples) * seconds_of_samples_min / std::max(whole.seconds, 0.01));
    gate.missing =
        fmt::format("it took {:.2g} s, and one process may be slower than another for as long", whole.seconds);
  } else {
    gate.requests_needed = samples_for(whole, std::log1p(margin), alpha / 2);
    gate.missing = "the interval reaches over the margin";
  }
}

void fill_tail(Gate& gate, const Comparison& comparison, const TailGate& tail, std::uint64_t seed, double alpha) {
  std::vector<float> baseline;
  std::vector<float> candidate;
  for (const LatencyTrio& trio : comparison.latencies()) {
    baseline.push_back(std::max(trio.baseline, static_cast<float>(floor_seconds)));
    candidate.push_back(std::max(trio.candidate, static_cast<float>(floor_seconds)));
  }
  gate.samples = baseline.size();
  gate.expected = fmt::format("at most {:.3g} % slower", tail.margin * 100);
  const auto ratio = tail_ratio(baseline, candidate, tail.quantile, seed);
  if (!ratio) {
    gate.measured = fmt::format("{} requests answered by all", gate.samples);
    gate.requests_needed = 2 * samples_for_quantile(tail.quantile);
    gate.missing = "too few for an interval around this quantile";
    return;
  }
  const double limit = std::log1p(tail.margin);
  gate.p = ratio->p_above(limit);
  gate.estimate = std::expm1(ratio->estimate);
  gate.lower = std::expm1(ratio->lower(interval_side));
  gate.upper = std::expm1(ratio->upper(interval_side));
  gate.measured = fmt::format("{} ({} to {})", signed_percent(*gate.estimate), signed_percent(*gate.lower),
                              signed_percent(*gate.upper));
  if (gate.p <= alpha) gate.verdict = Verdict::violated;
  else if (ratio->p_below(limit) <= 1 - confidence_default) gate.verdict = Verdict::holds;
  else {
    gate.missing = "the interval reaches over the margin";
    const double spread = (std::log1p(*gate.upper) - std::log1p(*gate.lower)) / 2;
    const double distance = std::abs(ratio->estimate - limit);
    if (distance > 0)
      gate.requests_needed = rounded_up(real(gate.samples) * std::max(1.1, std::pow(spread / distance, 2)));
  }
}

// ---- errors ----------------------------------------------------------------------------------------------------------

void fill_errors(Gate& gate, const Comparison& comparison, double margin, double alpha) {
  const replay::FailureCounts& counts = comparison.failures();
  const std::uint64_t n = comparison.requests();
  gate.samples = n;
  gate.expected = fmt::format("at most {:.3g} % of requests more", margin * 100);
  gate.measured = fmt::format("candidate {}, baseline {} of {}", counts.both + counts.candidate_only,
                              counts.both + counts.baseline_only, n);
  if (n == 0) {
    gate.missing = "no request was compared";
    return;
  }
  gate.estimate = (real(counts.candidate_only) - real(counts.baseline_only)) / real(n);
  gate.p = p_failures_above(counts.candidate_only, counts.baseline_only, n, margin);
  if (gate.p <= alpha) {
    gate.verdict = Verdict::violated;
    return;
  }
  const double baseline_failures = real(counts.both + counts.baseline_only) / real(n);
  if (baseline_failures > baseline_failures_max) {
    gate.missing = fmt::format("the baseline itself failed in {} of requests", base::format_percent(baseline_failures));
    return;
  }
  const auto p_not_worse = [&](double factor) {
    const auto grown = [&](std::uint64_t count) {
      return static_cast<std::uint64_t>(std::llround(real(count) * factor));
    };
    return p_failures_below(grown(counts.candidate_only), grown(counts.baseline_only), grown(n), margin);
  };
  if (p_not_worse(1) <= 1 - confidence_default) {
    gate.verdict = Verdict::holds;
    return;
  }
  gate.missing = fmt::format("an excess of {:.3g} % cannot be excluded", margin * 100);
  for (double factor = 1.02; real(n) * factor < real(samples_max); factor *= 1.02) {
    if (p_not_worse(factor) > 1 - confidence_default) continue;
    gate.requests_needed = rounded_up(real(n) * factor);
    return;
  }
}

// What a gate may err, beside the others: the differences look at many places, so they have twice the share.
double weight_of(std::string_view gate) { return gate == "differences" ? 2 : 1; }

double weight_of(const ComparisonGates& gates) {
  return (gates.differences ? weight_of("differences") : 0) + (gates.latency ? 1 : 0) + (gates.errors ? 1 : 0) +
         (gates.tail ? 1 : 0);
}

// What the differences may err at Holm's first step.
double first_alpha(const ComparisonGates& gates) {
  const double all = weight_of(gates);
  return all == 0 ? gates.false_alarms : gates.false_alarms * weight_of("differences") / std::max(all, 2.0);
}

Gate named(std::string name) {
  Gate gate;
  gate.name = std::move(name);
  return gate;
}

// Every gate judged as if it may err with `alpha` times its weight.
struct Judging {
  const Comparison& comparison;
  const ComparisonGates& gates;
  Latency latency;

  Gate differences(double alpha, std::vector<JudgedDifference>* judged) const {
    Gate gate = named("differences");
    auto found = judge_differences(comparison, alpha, gates.differences.value_or(0));
    if (gates.differences) fill_differences(gate, comparison, found, *gates.differences, gates.repeats);
    if (judged != nullptr) *judged = std::move(found);
    return gate;
  }
  std::vector<Gate> all(double alpha) const {
    std::vector<Gate> result;
    if (gates.differences) result.push_back(differences(alpha * weight_of("differences"), nullptr));
    if (gates.errors) fill_errors(result.emplace_back(named("errors")), comparison, *gates.errors, alpha);
    if (gates.latency) {
      Gate& gate = result.emplace_back(named("latency"));
      gate.samples = comparison.latencies().size();
      fill_latency(gate, latency, *gates.latency, alpha);
    }
    if (gates.tail) {
      fill_tail(result.emplace_back(named(fmt::format("latency p{:g}", gates.tail->quantile * 100))), comparison,
                *gates.tail, gates.seed, alpha);
    }
    return result;
  }
};

}  // namespace

ComparisonVerdict judge(const Comparison& comparison, const ComparisonGates& gates) {
  ComparisonVerdict verdict;
  const Judging judging{comparison, gates, latency_of(comparison, std::log1p(gates.latency.value_or(0)))};
  // Holm: the worst gate may err with its share of all, the next with its share of what is left.
  double left = std::max(1.0, weight_of(gates));
  std::size_t violated = 0;
  while (left > 0) {
    const double alpha = gates.false_alarms / left;
    verdict.gates = judging.all(alpha);
    judging.differences(alpha * weight_of("differences"), &verdict.differences);
    std::size_t now = 0;
    left = 0;
    for (const Gate& gate : verdict.gates) {
      if (gate.verdict == Verdict::violated) ++now;
      else left += weight_of(gate.name);
    }
    if (now == violated) break;
    violated = now;
  }
  verdict.routes = judging.latency.routes;
  std::vector<float> instances;
  for (const LatencyTrio& trio : comparison.latencies()) {
    if (trio.second > 0) instances.push_back(log_of(trio.second) - log_of(trio.baseline));
  }
  if (const auto ratio = location_of(instances, seconds_of(comparison)))
    verdict.instance_ratio = std::expm1(ratio->estimate);
  std::vector<Verdict> verdicts;
  for (const Gate& gate : verdict.gates) verdicts.push_back(gate.verdict);
  verdict.verdict = worst(verdicts);
  return verdict;
}

void withhold(ComparisonVerdict& verdict, const std::string& reason, bool only_holds) {
  std::vector<Verdict> verdicts;
  for (Gate& gate : verdict.gates) {
    if (gate.verdict != Verdict::violated || !only_holds) {
      gate.missing = gate.missing.empty() ? reason : reason + "; " + gate.missing;
      gate.verdict = Verdict::inconclusive;
    }
    verdicts.push_back(gate.verdict);
  }
  verdict.verdict = worst(verdicts);
}

std::vector<replay::DifferenceKey> unsettled(const Comparison& comparison, const ComparisonGates& gates,
                                             std::size_t most) {
  std::vector<replay::DifferenceKey> keys;
  if (!comparison.has_second()) return keys;
  for (const JudgedDifference& judged : judge_differences(comparison, first_alpha(gates), 0)) {
    if (judged.cause == Cause::undecided && !judged.counts->samples.empty() && keys.size() < most) {
      keys.push_back(judged.key);
    }
  }
  return keys;
}

std::uint64_t repeats_to_settle(const Comparison& comparison, std::size_t unsettled, const ComparisonGates& gates) {
  return repeats_for(comparison, unsettled, first_alpha(gates));
}

}  // namespace stormproof::verify
