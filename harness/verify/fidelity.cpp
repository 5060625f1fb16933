#include "harness/verify/fidelity.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "harness/base/units.h"
#include "harness/verify/statistics.h"
#include "scenarios/probe_schedule.h"

namespace stormproof::verify {
namespace {

Nanoseconds p99_of(std::vector<Nanoseconds> delays) {
  if (delays.empty()) return Nanoseconds(0);
  const std::size_t rank = delays.size() - 1 - delays.size() / 100;
  std::ranges::nth_element(delays, delays.begin() + static_cast<std::ptrdiff_t>(rank));
  return delays[rank];
}

// The requests under way at the instant: so many connections the target held.
std::uint64_t under_way(const View& view, Time at) {
  std::uint64_t count = 0;
  for (const events::Exchange* request : view.ingress())
    count += !events::never_sent(*request) && request->start <= at && at < request->end ? 1 : 0;
  return count;
}

// Whether it is asked to act on its share of all calls to its dependency, all the while.
bool takes_every_call(const scenarios::Fault& rule) {
  const scenarios::Targeting& only = rule.targeting;
  const bool some = !rule.methods.empty() || !rule.paths.empty() || !only.routes.empty() || !only.headers.empty() ||
                    !only.clients.empty() || rule.message.throttle || rule.message.stale;
  const bool sometimes = only.after > Nanoseconds(0) || only.lasting || only.ramp > Nanoseconds(0);
  const bool counted = only.first || only.first_tries || only.every || only.at_most;
  // Drawn for each request, the calls of one are hit together: their number says less than so many draws.
  const bool together = only.by_request && rule.share < 1;
  return !some && !sometimes && !counted && !together;
}

// A rule that takes every request of its dependency must have acted on its share of the calls made while it was on.
std::string undelivered_rule(const View& view, const PhaseWindow& phase, const scenarios::Fault& rule) {
  const std::uint64_t fired = view.fired(rule.id);
  if (fired < fired_min) return fmt::format("the fault {} on {} never fired", rule.id, rule.on);
  if (rule.connection) return "";  // its share is one of connections
  const bool alone = std::ranges::count(phase.plan->faults, rule.on, &scenarios::Fault::on) == 1;
  if (!alone || !takes_every_call(rule) || !phase.faults_on) return "";
  const Time from =
      *phase.faults_on + schedule_lag_max;  // a call in the air while the plan was switched may go either way
  const Time to = phase.faults_off.value_or(phase.end) - schedule_lag_max;
  std::uint64_t calls = 0;
  for (const events::Exchange* call : view.egress_of(rule.on)) calls += call->start >= from && call->start < to ? 1 : 0;
  if (fired >= calls || binomial_at_most(fired, calls, rule.share) >= undelivered_chance) return "";
  return fmt::format("the fault {} on {} fired on {} of {} calls where {} was asked", rule.id, rule.on, fired, calls,
                     base::format_percent(rule.share));
}

}  // namespace

std::vector<std::string> doubts(const PhaseWindow& phase) {
  std::vector<std::string> reasons;
  const Exchanges ingress = phase.requests;
  if (ingress.empty()) {
    reasons.emplace_back("no request was sent in this phase");
    return reasons;
  }
  const auto shed = std::ranges::count(ingress, events::Outcome::shed, &events::Exchange::outcome);
  if (static_cast<std::uint64_t>(shed) > shed_max) {
    reasons.push_back(fmt::format("the harness itself dropped {} of {} requests: lower the rate or give it more cores",
                                  shed, ingress.size()));
  }
  std::vector<Nanoseconds> lags;
  for (const events::Exchange* request : ingress) {
    if (request->outcome != events::Outcome::shed) lags.push_back(own_lag(*request));
  }
  // A probe is judged by when its requests really went out: late ones only blur its bursts.
  const auto* const claim = phase.plan->probe ? scenarios::probed_claim(*phase.plan) : nullptr;
  const Nanoseconds lag_max =
      claim == nullptr ? schedule_lag_max : std::max(schedule_lag_max, scenarios::refill_time(*claim) / 10);
  if (const Nanoseconds lag = p99_of(std::move(lags)); lag > lag_max) {
    reasons.push_back(
        fmt::format("the generator lagged: p99 of the start behind schedule was {}, at most {} is allowed",
                    base::format_duration(lag), base::format_duration(lag_max)));
  }
  return reasons;
}

std::string held_up(const View& view, const PhaseWindow& phase) {
  std::vector<Nanoseconds> delays;
  std::uint64_t late = 0;
  std::uint64_t never = 0;
  const events::Exchange* first = nullptr;
  for (const events::Exchange* request : phase.requests) {
    if (request->outcome == events::Outcome::shed) continue;
    const bool held_off = request->outcome == events::Outcome::held_off;
    delays.push_back(request->waited);
    never += held_off ? 1 : 0;
    late += !held_off && request->waited > Nanoseconds(0) ? 1 : 0;
    if (first == nullptr && (held_off || request->waited > Nanoseconds(0))) first = request;
  }
  if (first == nullptr) return "";
  const Nanoseconds longest = std::ranges::max(delays);
  if (p99_of(std::move(delays)) <= schedule_lag_max && never == 0) return "";
  std::string text = fmt::format("the target held all {} connections: ", under_way(view, first->start - first->waited));
  if (late > 0) text += fmt::format("{} requests waited for one, up to {}", late, base::format_duration(longest));
  if (never > 0) text += fmt::format("{}{} were never sent", late > 0 ? ", " : "", never);
  return text;
}

std::vector<std::string> undelivered(const View& view, const PhaseWindow& phase) {
  std::vector<std::string> reasons;
  if (!phase.plan->faults.empty() && !phase.faults_on)
    reasons.emplace_back("the faults of this phase were never switched on");
  for (const scenarios::Fault& rule : phase.plan->faults) {
    if (std::string reason = undelivered_rule(view, phase, rule); !reason.empty()) reasons.push_back(std::move(reason));
  }
  return reasons;
}

void withhold(Finding& finding, const std::vector<std::string>& reasons) {
  if (reasons.empty()) return;
  const std::string reason = fmt::format("{}", fmt::join(reasons, "; "));
  for (Check& check : finding.checks) {
    check.verdict = Verdict::inconclusive;
    check.missing = reason;
  }
  finding.verdict = Verdict::inconclusive;
  finding.summary = fmt::format("No verdict: {}.", reason);
}

void withhold_holds(Finding& finding, const std::string& reason) {
  if (reason.empty()) return;
  std::vector<Verdict> verdicts;
  for (Check& check : finding.checks) {
    if (check.verdict != Verdict::violated) {
      check.verdict = Verdict::inconclusive;
      check.missing = check.missing.empty() ? reason : reason + "; " + check.missing;
    }
    verdicts.push_back(check.verdict);
  }
  finding.verdict = worst(verdicts);
  if (finding.verdict == Verdict::inconclusive) finding.summary = "No verdict: " + reason + ".";
}

}  // namespace stormproof::verify
