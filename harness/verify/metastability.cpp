#include "harness/verify/metastability.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "harness/base/units.h"
#include "harness/verify/errors.h"
#include "harness/verify/load.h"

namespace stormproof::verify {
namespace {

using base::format_duration;
using base::format_percent;
using base::format_rate;

// What hurt the service, and when it was over.
struct Trigger {
  Time from{};
  Time to{};
  std::string_view what;
};

double rate_between(const View& view, Time from, Time to) {
  if (to <= from) return 0;
  return static_cast<double>(view.ingress_between(from, to).size()) * 1e9 / static_cast<double>((to - from).count());
}

std::optional<Trigger> last_fault(const View& view, const PhaseWindow& phase) {
  std::optional<Trigger> found;
  for (const PhaseWindow& each : view.phases()) {
    if (each.faults_on && each.faults_off && *each.faults_off <= phase.begin + level_length_min)
      found = Trigger{*each.faults_on, *each.faults_off, "fault"};
  }
  return found;
}

// Steps of the schedule in a row above the steady state's rate, that ended before the phase's end.
std::optional<Trigger> last_surge(const View& view, const PhaseWindow& phase, double steady) {
  std::optional<Trigger> found;
  std::optional<Time> since;
  Time at = view.traffic_begin();
  for (const scenarios::RateStep& step : view.scenario().traffic.steps) {
    const bool surge = step.per_second >= surge_least * steady;
    if (surge && !since) since = at;
    if (!surge && since && at < phase.end) found = Trigger{*since, at, "surge"};
    if (!surge) since.reset();
    at += step.lasting.value_or(Nanoseconds(0));
  }
  return found;
}

struct Stretch {
  Time from{};
  Time to{};
  Goodput good = {};
  double offered = 0;
};

Stretch stretch_of(const View& view, Time from, Time to, const Usefulness& use) {
  return {from, to, goodput_of(view, view.ingress_between(from, to), from, to, use), rate_between(view, from, to)};
}

std::string shown(const Stretch& stretch) {
  return fmt::format("{} good of {}", format_percent(stretch.good.point()), format_rate(stretch.offered));
}

// Why no verdict can be given; "": it can.
std::string hidden(const View& view, const Stretch& steady, const Stretch& hurt, const Stretch& after,
                   const Trigger& trigger) {
  if (view.scenario().traffic.affinity != scenarios::Affinity::none)
    return "requests waited for the ones before them on their connections, so that the load fell as the service got "
           "slow, which hides it: leave traffic.connections out";
  if (steady.good.offered < steady_goodput_min)
    return fmt::format("{} requests in the steady state: needs at least {}", steady.good.offered, steady_goodput_min);
  if (steady.good.high < steady_good_share_min)
    return fmt::format("the steady state itself has {}: give good-within more, or the service less", shown(steady));
  if (after.to - after.from < aftermath_min)
    return fmt::format("the phase ends {} after the limit: needs at least {} more of it",
                       format_duration(std::max(Nanoseconds(0), after.to - after.from)),
                       format_duration(aftermath_min));
  if (hurt.good.offered == 0 || hurt.good.high >= steady.good.low)
    return fmt::format("the {} took nothing from the service ({}, {} before): make it longer or stronger", trigger.what,
                       shown(hurt), shown(steady));
  if (std::abs(after.offered - steady.offered) > load_slack * steady.offered)
    return fmt::format("{} were offered afterwards and {} in the steady state: the load must be the same",
                       format_rate(after.offered), format_rate(steady.offered));
  return "";
}

// When it was as good as before for the rest of the phase, to a second.
std::optional<Nanoseconds> back_after(const View& view, const Stretch& steady, Time from, Time to,
                                      const Usefulness& use, double share) {
  std::optional<Nanoseconds> back;
  constexpr Nanoseconds width = std::chrono::seconds(1);
  std::uint64_t good = 0;
  std::uint64_t all = 0;
  for (Time begin = from + (to - from) / width * width; begin > from;) {
    const Time end = begin;
    begin -= width;
    for (const events::Exchange* request : view.ingress_between(begin, end)) {
      ++all;
      good += surely_good(view, *request, use) ? 1 : 0;
    }
    if (all > 0 && static_cast<double>(good) >= share * steady.good.point() * static_cast<double>(all))
      back = begin - from;
    else if (back) break;
  }
  return back;
}

void decide(Check& check, const Stretch& steady, const Stretch& after, double share) {
  check.samples = after.good.offered;
  if (after.good.low >= share * steady.good.high) check.verdict = Verdict::holds;
  else if (after.good.high < share * steady.good.low) check.verdict = Verdict::violated;
  else check.missing = "too near the limit to decide: a longer phase or more requests a second";
}

}  // namespace

Finding judge_metastability(const View& view, const PhaseWindow& phase,
                            const scenarios::MetastabilityExpectation& expectation) {
  Finding finding;
  finding.expectation = "metastability";
  const Usefulness use{expectation.good_within, {429}};
  const Stretch steady = stretch_of(view, view.phases().front().begin, view.phases().front().end, use);
  auto trigger = last_fault(view, phase);
  if (const auto surge = last_surge(view, phase, steady.offered); surge && (!trigger || surge->to > trigger->to))
    trigger = surge;
  if (!trigger) {
    cannot(finding, {"within"},
           "nothing that could have hurt the service was over before this phase: give the phase before it a fault, or "
           "the traffic a step "
           "of more");
    conclude(finding, "The return of the service to its goodput", false);
    return finding;
  }
  Time until = phase.end;
  if (const auto next = view.faults_on_after(trigger->to)) until = std::min(until, *next);
  const Time from = std::max(trigger->to + expectation.within, phase.begin);
  const Stretch hurt = stretch_of(view, trigger->from, trigger->to, use);
  const Stretch after = stretch_of(view, from, until, use);
  Check check{.name = "within",
              .expected = fmt::format("from {} after the {} on, at least {} of the steady state's goodput",
                                      format_duration(expectation.within), trigger->what,
                                      format_percent(expectation.goodput_at_least)),
              .samples = after.good.offered};
  check.measured =
      fmt::format("{} (bounds {} and {}); {} before, {} during the {}", shown(after), format_percent(after.good.low),
                  format_percent(after.good.high), shown(steady), shown(hurt), trigger->what);
  const auto back = back_after(view, steady, trigger->to, until, use, expectation.goodput_at_least);
  check.measured += back ? fmt::format(", back after {} at most", format_duration(*back + std::chrono::seconds(1)))
                         : ", not back by the end";
  finding.timeline = {{trigger->from, fmt::format("{} begins", trigger->what)},
                      {trigger->to, fmt::format("{} is over", trigger->what)}};
  if (const std::string why = hidden(view, steady, hurt, after, *trigger); !why.empty()) check.missing = why;
  else decide(check, steady, after, expectation.goodput_at_least);
  if (check.verdict == Verdict::violated) {
    for (const events::Exchange* request : view.ingress_between(from, until)) {
      if (!perhaps_good(view, *request, use)) show(finding, request->request);
    }
  }
  finding.checks.push_back(std::move(check));
  conclude(finding, "The return of the service to its goodput", false);
  return finding;
}

}  // namespace stormproof::verify
