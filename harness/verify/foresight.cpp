#include "harness/verify/foresight.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "harness/base/units.h"
#include "harness/verify/breaker_checks.h"
#include "harness/verify/bulkhead.h"
#include "harness/verify/errors.h"
#include "harness/verify/failover.h"
#include "harness/verify/fallback.h"
#include "harness/verify/foreseen_faults.h"
#include "harness/verify/foreseen_load.h"
#include "harness/verify/half_open.h"
#include "harness/verify/judge.h"
#include "harness/verify/metastability.h"
#include "harness/verify/recovers.h"
#include "harness/verify/retries.h"
#include "harness/verify/statistics.h"
#include "harness/verify/timeout.h"

namespace stormproof::verify {
namespace {

using base::format_duration;
using base::format_rate;

double in_seconds(Nanoseconds duration) { return static_cast<double>(duration.count()) / 1e9; }
Nanoseconds of_seconds(double value) { return Nanoseconds(std::llround(value * 1e9)); }

// How many without a single bad one show a share of at most `limit`.
std::uint64_t samples_for(double limit) {
  return limit <= 0 ? census_cases_min : samples_to_decide(0, 1, limit).value_or(census_cases_min);
}

// One expectation of one phase.
class Foresight {
 public:
  Foresight(const scenarios::Scenario& scenario, std::span<const PlannedTraffic> planned, std::size_t phase,
            const scenarios::Expectation& expectation, std::vector<Foreseen>& found)
      : scenario_(scenario), planned_(planned), at_(phase), expectation_(expectation), found_(found) {}

  void operator()(const scenarios::ErrorsExpectation& claim) const {
    needs("errors", claim.at_most <= 0 ? census_min : samples_for(claim.at_most), here().requests, "requests");
  }
  void operator()(const scenarios::LatencyExpectation& claim) const {
    for (const auto& limit : claim.limits) {
      const std::uint64_t least = limit.quantile >= 1 ? census_min : samples_for_quantile(limit.quantile);
      needs(limit.quantile >= 1 ? "latency, max" : fmt::format("latency, p{:.4g}", 100 * limit.quantile), least,
            here().requests, "requests");
    }
  }
  void operator()(const scenarios::BreakerExpectation& claim) const;
  void operator()(const scenarios::RecoversExpectation& claim) const;
  void operator()(const scenarios::TimeoutExpectation& claim) const;
  void operator()(const scenarios::RetriesExpectation& claim) const;
  void operator()(const scenarios::RateLimitExpectation& claim) const;
  void operator()(const scenarios::TraceExpectation& claim) const {
    needs("trace-propagation on " + claim.on, samples_for(1 - claim.share_at_least), here().requests, "calls");
  }
  void operator()(const scenarios::FailoverExpectation& claim) const;
  void operator()(const scenarios::BulkheadExpectation& claim) const;
  void operator()(const scenarios::OverloadExpectation& claim) const;
  void operator()(const scenarios::MetastabilityExpectation& claim) const;
  void operator()(const scenarios::FallbackExpectation& claim) const;
  void operator()(const scenarios::NotWorseExpectation& claim) const {
    if (claim.errors) needs("not-worse, errors", samples_for(*claim.errors), here().requests, "requests");
    if (claim.p99) needs("not-worse, p99", samples_for_quantile(0.99), here().requests, "requests");
  }
  void operator()(const scenarios::DifferencesExpectation& claim) const {
    needs("differences", samples_for(claim.at_most), here().requests, "requests");
  }

 private:
  const PlannedTraffic& here() const { return planned_[at_]; }
  const PlannedTraffic& steady() const { return planned_.front(); }
  const scenarios::Phase& phase() const { return at_ == 0 ? scenario_.steady_state : scenario_.phases[at_ - 1]; }

  void add(std::string claim, std::string missing, std::string enough) const {
    found_.push_back({phase().name, expectation_.line, std::move(claim), std::move(missing), std::move(enough)});
  }

  // "so many more a second, or for longer".
  static std::string more(const PlannedTraffic& traffic, std::uint64_t count, Nanoseconds spent = Nanoseconds(0)) {
    const double left = std::max(1e-3, in_seconds(traffic.lasting - spent));
    std::string text = format_rate(std::ceil(static_cast<double>(count) / left));
    if (traffic.requests > 0)
      text += fmt::format(
          ", or this rate for {}",
          format_duration(spent + of_seconds(std::ceil(static_cast<double>(count) / traffic.per_second()))));
    return text;
  }

  bool needs(std::string claim, std::uint64_t least, std::uint64_t sent, std::string_view noun) const {
    if (sent >= least) return true;
    add(std::move(claim), fmt::format("{} {} at best, needs {}", sent, noun, least), more(here(), least));
    return false;
  }

  bool needs_steady(const std::string& claim, std::uint64_t least) const {
    if (steady().requests >= least) return true;
    add(claim, fmt::format("{} requests in the steady state, needs {}", steady().requests, least),
        more(steady(), least));
    return false;
  }

  // A fault on the dependency in this phase.
  bool needs_fault(const std::string& claim, const std::string& on) const {
    if (is_hurt(phase(), on)) return true;
    add(claim, fmt::format("no fault on {} in this phase", on),
        fmt::format("faults: [{{on: {}, abort: {{status: 503}}}}], or put this into the phase that has it", on));
    return false;
  }
  // One in an earlier phase, or in this one and over before its end.
  bool hurt_before(const std::string& on) const {
    for (std::size_t earlier = 1; earlier < at_; ++earlier) {
      if (is_hurt(scenario_.phases[earlier - 1], on)) return true;
    }
    return is_hurt(phase(), on);
  }
  bool anything_hurt() const {
    return std::ranges::any_of(
        scenario_.phases.begin(), scenario_.phases.begin() + static_cast<std::ptrdiff_t>(at_),
        [](const scenarios::Phase& one) { return !one.faults.empty() || !one.processes.empty(); });
  }
  // Of the calls of this phase, at best.
  std::uint64_t calls_hurt(const std::string& on) const {
    return static_cast<std::uint64_t>(std::llround(static_cast<double>(here().requests) * share_hurt(phase(), on)));
  }

  void outage(const scenarios::BreakerExpectation& claim, const std::string& title) const;

  const scenarios::Scenario& scenario_;
  std::span<const PlannedTraffic> planned_;
  std::size_t at_;
  const scenarios::Expectation& expectation_;
  std::vector<Foreseen>& found_;
};

void Foresight::operator()(const scenarios::BreakerExpectation& claim) const {
  const std::string title = "circuit-breaker on " + claim.on;
  if (!needs_steady(title, class_requests_min)) return;
  const bool in_outage = claim.opens_within || claim.leaks_at_most || claim.probes_every || claim.half_open_calls ||
                         claim.fails_fast_within || claim.scope;
  if (in_outage && needs_fault(title, claim.on)) outage(claim, title);
  if (!claim.closes_within) return;
  if (!hurt_before(claim.on))
    add(title + ", closes-within", fmt::format("no fault on {} before: nothing is healed", claim.on),
        "put it into the phase after the one with the fault");
  else needs(title + ", closes-within", closed_calls_min, here().requests, "calls");
}

void Foresight::outage(const scenarios::BreakerExpectation& claim, const std::string& title) const {
  if (never_fails(phase(), claim.on)) {
    add(title, "the fault's answers are no failures (below 500): no breaker opens",
        "abort: {status: 503}, or latency longer than the service's timeout");
    return;
  }
  const Nanoseconds sleep = claim.probes_every ? claim.probes_every->value : sleep_assumed;
  const double wanted = window_requests_min / in_seconds(sleep);
  if (here().per_second() < wanted) {
    add(title,
        fmt::format("{} are too few to see an open breaker: {:.0f} must come in a sleep window of {}",
                    format_rate(here().per_second()), window_requests_min, format_duration(sleep)),
        fmt::format("{}; {} where calls carry no trace id", format_rate(std::ceil(wanted)),
                    format_rate(std::ceil(window_calls_min_by_rate / in_seconds(sleep)))));
    return;
  }
  if (claim.leaks_at_most) needs(title + ", leaks-at-most", suppressed_min, here().requests, "requests");
  const Nanoseconds lasting = longest_fault(phase(), claim.on);
  const auto windows = [&](std::string_view name, int count) {
    if (!claim.probes_every || lasting >= count * sleep) return;
    add(fmt::format("{}, {}", title, name),
        fmt::format("the fault lasts {}, needs {} sleep windows", format_duration(lasting), count),
        fmt::format("a phase of {} and the time to open", format_duration(count * sleep)));
  };
  if (claim.probes_every) windows("probes-every", phase_windows_min);
  if (claim.half_open_calls) windows("half-open-calls", static_cast<int>(half_open_rounds_min));
  if (claim.half_open_calls && longest_hold(phase(), claim.on) == Nanoseconds(0))
    add(title + ", half-open-calls", "a dependency that fails at once leaves no time for a second call",
        fmt::format("{{on: {}, latency: 30s}}", claim.on));
  for (const std::string& other : claim.others) {
    if (is_hurt(phase(), other))
      add(title + ", scope", fmt::format("a fault on {} is on, too", other), fmt::format("hurt {} alone", claim.on));
  }
  if (claim.instances > 1) windows("scope", 4);
}

void Foresight::operator()(const scenarios::RecoversExpectation& claim) const {
  if (!needs_steady("recovers", steady_requests_min)) return;
  if (!anything_hurt() && phase().faults.empty())
    return add("recovers", "no fault before: there is nothing to recover from",
               "put it into the phase after the one with the fault");
  if (!needs("recovers", stable_requests_min, here().requests, "requests")) return;
  const double window =
      std::max(in_seconds(recovery_window_min), static_cast<double>(recovery_window_requests) / here().per_second());
  const Nanoseconds stretch = of_seconds(window * static_cast<double>(claim.windows + 1));
  if (phase().faults.empty() && here().lasting < stretch)
    add("recovers",
        fmt::format("{} stretches of {} do not fit into {}", claim.windows, format_duration(of_seconds(window)),
                    format_duration(here().lasting)),
        fmt::format("a phase of {} beyond what the recovery takes", format_duration(stretch)));
}

void Foresight::operator()(const scenarios::TimeoutExpectation& claim) const {
  const std::string title = "timeout on " + claim.on;
  if (!needs_fault(title, claim.on)) return;
  const auto hold = longest_hold(phase(), claim.on);
  const Nanoseconds limit = claim.gives_up_within.value_or(Nanoseconds(0));
  if (hold && *hold <= limit + lateness(limit))
    return add(title, fmt::format("the fault holds a call for {} at most", format_duration(*hold)),
               fmt::format("latency: {} at least", format_duration(endless(limit))));
  if (claim.gives_up_within)
    needs(title + ", gives-up-within", samples_for(late_share_max), calls_hurt(claim.on), "calls");
  if (claim.leaks_at_most) needs(title + ", leaks-at-most", census_cases_min, calls_hurt(claim.on), "calls");
}

void Foresight::operator()(const scenarios::RetriesExpectation& claim) const {
  const std::string title = "retries on " + claim.on;
  if (!needs_fault(title, claim.on)) return;
  if (never_fails(phase(), claim.on) && !claim.honours_retry_after)
    return add(title, "the fault's answers are no failures (below 500): nothing is repeated", "abort: {status: 503}");
  if (claim.honours_retry_after && !says_retry_after(phase(), claim.on))
    add(title + ", honours-retry-after", "no answer of the fault says Retry-After",
        "abort: {status: 503, headers: {Retry-After: \"1\"}}");
  const std::uint64_t calls = calls_hurt(claim.on);
  if (claim.attempts_at_most) needs(title + ", attempts-at-most", census_cases_min, calls, "calls that fail");
  if (claim.repeated_writes_at_most)
    needs(title + ", repeated-writes-at-most", census_cases_min, calls, "calls that fail");
  if (claim.first_backoff || claim.backoff_factor || claim.jitter_at_least)
    needs(title + ", backoff", waits_min, calls, "calls that fail");
}

void Foresight::operator()(const scenarios::RateLimitExpectation& claim) const {
  if (phase().probe) return;
  const double rate = here().per_second();
  if (rate <= claim.rate_per_second) {
    add("rate-limit",
        fmt::format("{} are sent, which the limit of {} admits: it is never reached", format_rate(rate),
                    format_rate(claim.rate_per_second)),
        fmt::format("{}, or probe: rate-limit in the place of for", format_rate(2 * claim.rate_per_second)));
    return;
  }
  // Known to one admission at either end, which must be within the tolerance.
  constexpr double admissions_least = 40;
  const Nanoseconds least = of_seconds(admissions_least / claim.rate_per_second);
  if (here().lasting < least)
    add("rate-limit, rate", fmt::format("in {} the rate is not known to 5%", format_duration(here().lasting)),
        fmt::format("a phase of {}, or probe: rate-limit", format_duration(least)));
}

void Foresight::operator()(const scenarios::FailoverExpectation& claim) const {
  const std::string title = "failover on " + claim.on;
  if (!needs_steady(title, replica_calls_min)) return;
  if (claim.leaves_within || claim.others_take_over) {
    if (!needs_fault(title, claim.on)) return;
    const Nanoseconds within = claim.leaves_within.value_or(Nanoseconds(0));
    const double left = std::max(0.0, in_seconds(longest_fault(phase(), claim.on) - within));
    const auto calls = static_cast<std::uint64_t>(here().per_second() * left);
    const std::uint64_t least = samples_for(claim.share_at_most);
    if (claim.leaves_within && calls < least)
      add(title + ", leaves-within",
          fmt::format("{} calls at best from {} after the fault on, needs {}", calls, format_duration(within), least),
          more(here(), least, within));
  }
  if (claim.returns_within && (is_hurt(phase(), claim.on) || !hurt_before(claim.on)))
    add(title + ", returns-within", fmt::format("no fault on {} is over before this phase", claim.on),
        "put it into the phase after the one with the fault");
}

void Foresight::operator()(const scenarios::BulkheadExpectation& claim) const {
  const std::string title = "bulkhead on " + claim.on;
  if (!needs_fault(title, claim.on)) return;
  const auto hold = longest_hold(phase(), claim.on);
  if (hold && *hold < hang_min)
    return add(title, "the fault does not make calls hang, so that none are under way at once",
               fmt::format("{{on: {}, latency: 30s}}", claim.on));
  if (claim.calls_at_most) {
    const Nanoseconds longest = std::min(hold.value_or(here().lasting), here().lasting);
    const double wanted = here().per_second() * in_seconds(longest);
    const double least = pressure_min * static_cast<double>(*claim.calls_at_most);
    if (wanted < least)
      add(title + ", calls-at-most",
          fmt::format("{:.0f} calls at once are wanted at best, needs {:.0f}", wanted, least),
          fmt::format("{} with calls that hang so long", format_rate(std::ceil(least / in_seconds(longest)))));
  }
  if (claim.others_p99)
    needs(title + ", others-p99", samples_for_quantile(0.99), here().requests, "requests of other routes");
}

void Foresight::operator()(const scenarios::OverloadExpectation& claim) const {
  if (scenario_.traffic.affinity != scenarios::Affinity::none)
    add("overload", "a request waits for the one before it on its connection, so that the load falls",
        "leave traffic.connections out");
  const auto levels = planned_levels(scenario_, planned_, at_);
  if (!levels || shows_overload(*levels, at_, claim.at)) return;
  double least = here().per_second();
  for (const PlannedLevel& level : *levels) least = std::min(least, level.per_second);
  add("overload",
      fmt::format("the rates of {} levels lie too near to one another: whatever the service's peak, none is a little "
                  "above it and another, of this phase, {:.3g} times of it",
                  levels->size(), claim.at),
      fmt::format("traffic steps in this phase, as {{rate: {}, for: 5s}} up to {}", format_rate(1.5 * least),
                  format_rate(claim.at * least)));
}

void Foresight::operator()(const scenarios::MetastabilityExpectation& claim) const {
  if (scenario_.traffic.affinity != scenarios::Affinity::none)
    add("metastability", "a request waits for the one before it on its connection, so that the load falls",
        "leave traffic.connections out");
  if (!needs_steady("metastability", steady_goodput_min)) return;
  const bool surge = scenario_.traffic.steps.size() > 2;
  if (!surge && !anything_hurt())
    add("metastability", "nothing that could hurt the service is over before this phase",
        "a fault in the phase before, or traffic steps with one of more");
  if (here().lasting < claim.within + aftermath_min)
    add("metastability",
        fmt::format("the phase ends {} after its beginning, needs {} beyond the limit", format_duration(here().lasting),
                    format_duration(aftermath_min)),
        fmt::format("a phase of {}", format_duration(claim.within + aftermath_min)));
}

void Foresight::operator()(const scenarios::FallbackExpectation& claim) const {
  const std::string title = "fallback on " + claim.on;
  if (!needs_fault(title, claim.on)) return;
  if (never_fails(phase(), claim.on))
    return add(title, "the fault's answers are no failures (below 500): nothing is fallen back from",
               "abort: {status: 503}");
  needs(title, samples_for(fallback_bad_max), calls_hurt(claim.on), "requests that could not have it");
}

}  // namespace

std::vector<Foreseen> foresee(const scenarios::Scenario& scenario, std::span<const PlannedTraffic> planned) {
  std::vector<Foreseen> found;
  if (planned.size() != scenario.phases.size() + 1) return found;
  const auto look = [&found](const scenarios::Scenario& of, std::span<const PlannedTraffic> traffic, std::size_t phase,
                             const std::vector<scenarios::Expectation>& expectations) {
    for (const scenarios::Expectation& expectation : expectations)
      std::visit(Foresight(of, traffic, phase, expectation, found), expectation.what);
  };
  look(scenario, planned, 0, scenario.steady_state.expect);
  for (std::size_t at = 0; at < scenario.phases.size(); ++at)
    look(scenario, planned, at + 1, scenario.phases[at].expect);
  if (scenario.expect.empty()) return found;
  // All phases as one more: as it is judged.
  scenarios::Scenario whole = scenario;
  whole.phases.push_back({.name = std::string(whole_run_name), .faults = {}, .expect = {}});
  std::vector<PlannedTraffic> traffic(planned.begin(), planned.end());
  traffic.emplace_back();
  for (const PlannedTraffic& phase : planned) {
    traffic.back().requests += phase.requests;
    traffic.back().lasting += phase.lasting;
  }
  look(whole, traffic, whole.phases.size(), scenario.expect);
  return found;
}

}  // namespace stormproof::verify
