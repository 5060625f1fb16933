#include "harness/verify/breaker_checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "harness/base/units.h"
#include "harness/verify/hidden_leaks.h"
#include "harness/verify/statistics.h"

namespace stormproof::verify {
namespace {

using base::format_duration;

double seconds(Nanoseconds duration) { return static_cast<double>(duration.count()) / 1e9; }
Nanoseconds scaled(Nanoseconds duration, double by) {
  return Nanoseconds(std::llround(static_cast<double>(duration.count()) * by));
}

std::string starvation(const Calls& calls, Time from, Time to, Nanoseconds sleep) {
  const auto first = std::ranges::lower_bound(calls.opportunities, from, {}, &Opportunity::start);
  const auto last = std::ranges::lower_bound(calls.opportunities, to, {}, &Opportunity::start);
  const double per_second =
      from < to ? static_cast<double>(last - first) / seconds(to - from) * calls.calls_per_request : 0;
  const double wanted = calls.correlated ? window_requests_min : window_calls_min_by_rate;
  if (per_second * seconds(sleep) >= wanted) return "";
  return fmt::format(
      "{:.1f} requests/s that call the dependency are {:.1f} in a sleep window of {}: needs at least {:.0f}/s",
      per_second, per_second * seconds(sleep), format_duration(sleep), std::ceil(wanted / seconds(sleep)));
}

// Fewer calls than requests, though never in a run long enough: something does suppress.
bool suppression_suspected(const Calls& calls, Time from, Time to) {
  std::uint64_t requests = 0;
  std::uint64_t suppressed = 0;
  for (const Opportunity& opportunity : calls.opportunities) {
    if (opportunity.start < from || opportunity.start >= to) continue;
    ++requests;
    suppressed += opportunity.called ? 0 : 1;
  }
  if (calls.correlated) return binomial_at_least(suppressed, requests, calls.miss) < open_chance;
  const auto made =
      std::ranges::count_if(calls.calls, [&](const Call& call) { return call.start >= from && call.start < to; });
  return static_cast<double>(made) < 0.8 * calls.calls_per_request * static_cast<double>(requests);
}

// An open breaker would have kept all calls away for a sleep window: was there ever so long a pause?
bool paused_for(const Outage& outage, Nanoseconds duration) {
  Time last = outage.reading.seen.first_failure.value_or(outage.from);
  for (const Call& call : outage.calls->calls) {
    if (call.start < last) continue;
    if (call.start >= outage.to) break;
    if (call.start - last >= duration) return true;
    last = call.start;
  }
  return outage.to - last >= duration;
}

bool suppressed_before_opening(const Outage& outage) {
  const Openness& seen = outage.reading.seen;
  return outage.calls->correlated && suppression_suspected(*outage.calls, outage.from, seen.opened->low - sight);
}

struct Failures {
  std::uint64_t failed = 0;
  std::uint64_t slow = 0;
};

Failures failures_between(const Calls& calls, Time from, Time to) {
  Failures found;
  for (const std::uint32_t place : calls.ended_between(from, to)) {
    found.failed += calls.calls[place].failed ? 1 : 0;
    found.slow += calls.calls[place].slow ? 1 : 0;
  }
  return found;
}

// Without trace ids an open breaker shows as a gap between calls: what is left of it after the last retry must be long enough.
bool retries_fill_the_sleep(const Outage& outage) {
  if (outage.calls->correlated) return false;
  const Nanoseconds gap = std::max(Nanoseconds(0), outage.sleep - outage.lingering);
  return !starvation(*outage.calls, outage.from, outage.to, gap).empty();
}

// No opening until `until`: a defect after ample failures, else too little to tell.
void decide_never_opened(Check& check, const Outage& outage, Time until) {
  const Openness& seen = outage.reading.seen;
  const Time end = std::min(until, outage.to);
  const Failures found = seen.first_failure ? failures_between(*outage.calls, *seen.first_failure, end) : Failures{};
  check.samples = found.failed;
  check.measured = seen.first_failure ? fmt::format("never opened: {} calls failed in {}", found.failed,
                                                    format_duration(end - *seen.first_failure))
                                      : "never opened: no call failed";
  if (found.failed == 0 && found.slow > 0) {
    check.missing = fmt::format(
        "{} calls met the fault but none failed: make the latency longer than the service's timeout, or the status 500 "
        "or above",
        found.slow);
  } else if (until > outage.to) {
    check.missing = fmt::format("the faults were on for {}: needs longer than the opening may take",
                                format_duration(outage.to - outage.from));
  } else if (found.failed < ample_failures) {
    check.missing = fmt::format(
        "{} failed calls: an opening is due after {} at the latest (twice a volume threshold of {}): send more "
        "requests a second",
        found.failed, ample_failures, volume_threshold);
  } else if (!outage.starved.empty()) {
    check.missing = outage.starved;
  } else if (retries_fill_the_sleep(outage)) {
    check.missing = fmt::format(
        "calls come up to {} after their request began, and the breaker sleeps for {}: retries for requests that were "
        "let in before leave no gap to see: send traceparent with each call",
        format_duration(outage.lingering), format_duration(outage.sleep));
  } else if (suppression_suspected(*outage.calls, outage.from, outage.to) &&
             (!outage.sleep_claimed || paused_for(outage, outage.sleep / 2))) {
    check.missing =
        "some requests did not call the dependency, but never enough in a row to be an open breaker: send more "
        "requests a second";
  } else {
    check.verdict = Verdict::violated;
  }
}

// True: the check is done, because there was no opening to look at.
bool without_opening(Check& check, const Outage& outage) {
  const Openness& seen = outage.reading.seen;
  if (!seen.opened) {
    decide_never_opened(check, outage, outage.to);
    return true;
  }
  check.samples = seen.suppressed;
  if (seen.already_open) check.missing = "the breaker was already open when the faults began";
  else if (!outage.starved.empty()) check.missing = outage.starved;
  else return false;
  check.measured = fmt::format("{} suppressed requests", seen.suppressed);
  return true;
}

void doubt_where_retries_linger(Check& check, const Outage& outage) {
  if (check.verdict != Verdict::violated || outage.lingering < outage.sleep / 2) return;
  check.verdict = Verdict::inconclusive;
  check.missing = fmt::format(
      "calls come up to {} after their request began, and the breaker sleeps for {}: retries for requests that were "
      "let in "
      "before cannot be told from leaks and probes{}",
      format_duration(outage.lingering), format_duration(outage.sleep),
      outage.calls->correlated ? "" : ": send traceparent with each call");
}

// Cycles in which a leak may hide.
std::size_t hidden_cycles(const Outage& outage) {
  SleepMost most{.claimed = {}, .own = &outage.reading.window};
  if (outage.sleep_claimed) most.claimed = outage.sleep_most;
  return hidden_leaks(*outage.calls, outage.reading.seen, most).size();
}

Interval band_of(const scenarios::Around& around) {
  return {scaled(around.value, 1 - around.tolerance) - sight, scaled(around.value, 1 + around.tolerance) + sight};
}

// No leak or retry among what counts as a probe: else the sleep windows are not known.
bool surely_probes(const Outage& outage) {
  const Openness& seen = outage.reading.seen;
  const bool retried = !outage.calls->correlated && outage.lingering >= outage.sleep / 2;
  return seen.leaked.empty() && seen.unclear == 0 && seen.after_success == 0 && !retried && hidden_cycles(outage) == 0;
}

bool within_band(const SleepWindow& window, const std::vector<Interval>& cycles, Interval band) {
  const auto inside = [&](const Interval& interval) { return interval.low >= band.low && interval.high <= band.high; };
  return window.law == Law::constant ? inside(window.first) : std::ranges::all_of(cycles, inside);
}

// What is said of the window may be finer than what is held against it, where it is the same law.
SleepWindow finest_window(const SleepWindow& window, const std::vector<Interval>& finest) {
  const SleepWindow fine = fit(finest);
  return fine.law == window.law ? fine : window;
}

std::string probe_period(const Openness& seen) {
  std::vector<Time> probes;
  for (const Cycle& cycle : seen.cycles) {
    if (cycle.probe) probes.push_back(*cycle.probe);
  }
  if (probes.size() < 2) return "";
  const Nanoseconds mean = (probes.back() - probes.front()) / static_cast<std::int64_t>(probes.size() - 1);
  return fmt::format("; from probe to probe {}", format_duration(mean));
}

}  // namespace

Outage outage_of(const Calls& calls, Time from, Time to, const std::optional<scenarios::Around>& claim) {
  Outage outage{.calls = &calls, .from = from, .to = to, .reading = read_freely(calls, from, to)};
  const SleepWindow& own = outage.reading.window;
  outage.sleep = claim ? claim->value : outage.reading.established ? own.first.middle() : sleep_assumed;
  outage.sleep_claimed = claim.has_value();
  if (claim) outage.sleep_most = band_of(*claim).high;
  outage.lingering = calls.lingering(from, to);
  outage.starved = starvation(calls, from, to, outage.sleep);
  if (!claim || !outage.reading.seen.opened) return outage;
  const Interval band = band_of(*claim);
  const bool regular = outage.reading.established && outage.reading.seen.leaked.empty() &&
                       sleeps(outage.reading.seen).size() >= established_cycles_min;
  outage.law_against_claim = regular && own.law == Law::constant && own.first.high < band.low;
  if (outage.law_against_claim) return outage;
  outage.reading.seen = observe(calls, from, to, {scaled(claim->value, 1 - claim->tolerance)});
  outage.reading.window = fit(sleeps(outage.reading.seen));
  outage.reading.established = true;
  return outage;
}

Check check_opens(const Outage& outage, Nanoseconds within) {
  Check check{.name = "opens-within",
              .expected = fmt::format("open within {} of the first failure", format_duration(within))};
  const Openness& seen = outage.reading.seen;
  if (!seen.opened) {
    decide_never_opened(check, outage, seen.first_failure.value_or(outage.from) + within);
    return check;
  }
  if (without_opening(check, outage)) return check;
  const Nanoseconds earliest = std::max(Nanoseconds(0), seen.opened->low - *seen.first_failure);
  const Nanoseconds latest = seen.opened->high - *seen.first_failure;
  check.samples = failures_between(*outage.calls, *seen.first_failure, seen.opened->high).failed;
  check.measured =
      fmt::format("{} ({} failed calls, {} calls in all before it opened, {} in flight), interval {} to {}",
                  format_duration(latest), check.samples, seen.trip_calls, seen.in_flight, format_duration(earliest),
                  format_duration(latest));
  const std::uint64_t failed_in_time =
      failures_between(*outage.calls, *seen.first_failure, *seen.first_failure + within).failed;
  if (latest <= within) {
    check.verdict = Verdict::holds;
  } else if (earliest <= within) {
    check.missing = "the opening is not known finely enough: send more requests a second";
  } else if (failed_in_time < ample_failures) {
    check.missing = fmt::format(
        "only {} calls failed in {}: a breaker may need up to {} to open in time: send more requests a second",
        failed_in_time, format_duration(within), ample_failures);
  } else if (suppression_suspected(*outage.calls, *seen.first_failure, seen.opened->low - sight)) {
    check.missing =
        "some requests did not call the dependency before, but never enough in a row to be an open breaker: send more "
        "requests a second";
  } else {
    check.verdict = Verdict::violated;
  }
  if (!outage.calls->correlated) doubt_where_retries_linger(check, outage);
  return check;
}

Check check_leaks(const Outage& outage, std::uint64_t at_most, bool claimed_sleep) {
  Check check{.name = "leaks-at-most", .expected = fmt::format("at most {} calls while open, probes apart", at_most)};
  if (without_opening(check, outage)) return check;
  const Openness& seen = outage.reading.seen;
  const std::uint64_t opportunities = seen.suppressed + seen.leaked.size();
  check.measured = fmt::format(
      "{} calls leaked, {} requests suppressed (share leaked at most {} at 95 %), {} calls in flight at the opening",
      seen.leaked.size(), seen.suppressed, base::format_percent(share_upper(seen.leaked.size(), opportunities)),
      seen.in_flight);
  if (!outage.reading.established) {
    check.measured = fmt::format("{} requests suppressed, {} calls while open", seen.suppressed, sleeps(seen).size());
    check.missing = claimed_sleep ? "no probe to tell leaks from"
                                  : "probes cannot be told from leaks: they follow no constant or growing law; state "
                                    "probes-every, or let the phase last longer";
  } else if (seen.leaked.size() > at_most && (seen.unclear == 0 || outage.sleep_claimed)) {
    check.verdict = Verdict::violated;
  } else if (seen.leaked.size() + seen.unclear > at_most) {
    check.missing = fmt::format(
        "{} calls while open may be leaks, or retries for requests that were let in before: send traceparent with each "
        "call, so that they can be told apart",
        seen.leaked.size() + seen.unclear);
  } else if (seen.leaked.size() + seen.after_success > at_most) {
    check.missing = fmt::format(
        "{} calls came after a probe that succeeded, when the breaker may have been closed: let the fault take all "
        "calls, and hold them for longer than the service waits",
        seen.after_success);
  } else if (const std::size_t hidden = hidden_cycles(outage); seen.leaked.size() + hidden > at_most) {
    check.missing = fmt::format(
        "in {} of {} cycles the first call may be a leak or a probe: other calls came while it was under way{}", hidden,
        sleeps(seen).size(),
        outage.calls->correlated ? ": let the fault fail at once (abort), so that a probe is over before the next "
                                   "call, or send more requests "
                                   "a second, so that what half-open lets through is full each time"
                                 : ": send traceparent with each call");
  } else if (suppressed_before_opening(outage)) {
    check.missing =
        "requests were suppressed before the breaker opened for good: it closes early, or a concurrency limit works as "
        "well";
  } else if (seen.suppressed < suppressed_min) {
    check.missing =
        fmt::format("{} requests met the open breaker: needs at least {}: a longer phase or more requests a second",
                    seen.suppressed, suppressed_min);
  } else {
    check.verdict = Verdict::holds;
  }
  doubt_where_retries_linger(check, outage);
  return check;
}

Check check_probes(const Outage& outage, const scenarios::Around& every) {
  const Interval band = band_of(every);
  Check check{.name = "probes-every",
              .expected = fmt::format("a probe every {} ± {} while open", format_duration(every.value),
                                      base::format_percent(every.tolerance))};
  if (without_opening(check, outage)) return check;
  const Openness& seen = outage.reading.seen;
  const auto cycles = sleeps(seen);
  check.samples = cycles.size();
  const auto finest = finest_sleeps(seen);
  const SleepWindow window = finest_window(outage.reading.window, finest);
  const bool sure = surely_probes(outage);
  check.measured = (sure ? "every " : "if all of these calls are probes, every ") + describe(window, cycles.size()) +
                   probe_period(seen);
  if (window.law != Law::unknown && sure)
    check.estimate = Estimate{"sleep window", seconds(window.first.low), seconds(window.first.high)};
  const auto is_late = [&](const Cycle& cycle) { return cycle.sleep.low > band.high; };
  const auto late =
      std::ranges::find_if(seen.cycles, [&](const Cycle& cycle) { return is_late(cycle) && !cycle.after_success; });
  if (late == seen.cycles.end() && std::ranges::any_of(seen.cycles, is_late)) {
    check.missing =
        "it came late only after a probe had succeeded, when the breaker may have been closed: let the fault "
        "take all calls, and hold them for longer than the service waits";
  } else if (late != seen.cycles.end()) {
    check.verdict = Verdict::violated;
    if (!late->probe)
      check.measured = fmt::format("no probe for {} after {} of them", format_duration(late->sleep.low), cycles.size());
    else if (outage.reading.window.law == Law::unknown)
      check.measured = fmt::format("one only {} after the opening", format_duration(late->sleep.middle()));
  } else if (outage.law_against_claim) {
    check.verdict = Verdict::violated;
  } else if (outage.to - seen.opened->high < every.value * phase_windows_min || cycles.size() < probe_cycles_min) {
    check.missing = fmt::format(
        "{} cycles in {} after the opening: the phase needs at least {} after it, and the probe's own time for each",
        cycles.size(), format_duration(outage.to - seen.opened->high),
        format_duration(every.value * phase_windows_min));
  } else if (within_band(window, finest, band)) {
    check.verdict = Verdict::holds;
  } else {
    check.missing =
        "the sleep windows are not known finely enough to lie within the tolerance: send more requests a second";
  }
  doubt_where_retries_linger(check, outage);
  return check;
}

Check check_closes(Healing& healing, Nanoseconds within) {
  const Calls& calls = *healing.calls;
  Check check{.name = "closes-within",
              .expected = fmt::format("closed within {} of the heal", format_duration(within))};
  const auto runs = open_runs(calls, healing.from, healing.to);
  if (runs.empty() || calls.opportunities[runs.front().first].start >= healing.heal) {
    check.missing = "the breaker never opened before the heal: there is nothing to close";
    return check;
  }
  const OpenRun& last = runs.back();
  const Time last_suppressed = calls.opportunities[last.last].start;
  const Time limit = healing.heal + within;
  // The last of a run may be a healthy miss; so many from its end is surely suppressed.
  const std::size_t tail = std::min<std::size_t>(calls.run_for(late_chance) - 1, last.last - last.first);
  const Time surely_suppressed = calls.opportunities[last.last - tail].start;
  const auto closing = std::ranges::find_if(
      calls.calls, [&](const Call& call) { return call.start > std::max(last_suppressed, healing.heal); });
  const auto after = std::ranges::count_if(calls.opportunities, [&](const Opportunity& opportunity) {
    return opportunity.start > last_suppressed && opportunity.start >= healing.heal && opportunity.start < healing.to &&
           opportunity.called;
  });
  check.samples = static_cast<std::uint64_t>(after);
  check.measured = fmt::format("suppressed until {} after the heal, {} requests called after that",
                               format_duration(std::max(Nanoseconds(0), last_suppressed - healing.heal)), after);
  if (std::string starved = starvation(calls, healing.heal, healing.to, healing.sleep); !starved.empty()) {
    check.missing = std::move(starved);
    return check;
  }
  const bool closed = closing != calls.calls.end() && closing->start < healing.to && check.samples >= closed_calls_min;
  if (closed) {
    healing.closed = closing->start;
    check.measured = fmt::format("{} after the heal ({} requests called after that, none suppressed)",
                                 format_duration(closing->start - healing.heal), after);
  }
  if (surely_suppressed > limit + sight) {
    check.verdict = Verdict::violated;
    for (std::size_t at = last.first; at <= last.last; ++at) {
      if (calls.opportunities[at].start > limit) healing.suppressed_late.push_back(calls.opportunities[at].request);
    }
  } else if (closed && closing->start <= limit) {
    check.verdict = Verdict::holds;
  } else if (closed) {
    check.missing =
        fmt::format("no request came between {} and {} after the heal: send more requests a second",
                    format_duration(last_suppressed - healing.heal), format_duration(closing->start - healing.heal));
  } else {
    const Nanoseconds needed = std::max(within, healing.sleep * 2) +
                               scaled(healing.sleep, static_cast<double>(closed_calls_min) / window_requests_min);
    check.missing = fmt::format("the breaker was not seen closed in {} after the heal: the phase needs about {}",
                                format_duration(healing.to - healing.heal), format_duration(needed));
  }
  return check;
}

}  // namespace stormproof::verify
