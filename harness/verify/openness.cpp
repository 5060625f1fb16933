#include "harness/verify/openness.h"

#include <algorithm>
#include <limits>

namespace stormproof::verify {
namespace {

constexpr std::size_t unlimited = std::numeric_limits<std::size_t>::max();

// Reads a window call by call. Calls let through in half-open after the first outcome: at most `admits`.
class Reader {
 public:
  Reader(const Calls& calls, Time from, Time to, SleepLeast least, std::size_t admits)
      : calls_(calls), from_(from), to_(to), least_(least), admits_(admits), lower_rank_(calls.run_for(late_chance)) {}

  Openness read(Openness seen) {
    seen_ = std::move(seen);
    anchor_ = *seen_.opened;
    const auto first = std::ranges::lower_bound(calls_.calls, anchor_.low, {}, &Call::start);
    for (auto call = first; call != calls_.calls.end() && call->start < to_; ++call) {
      take(static_cast<std::uint32_t>(call - calls_.calls.begin()));
    }
    if (half_open_) resolve(to_);
    add_unfinished_cycle();
    return std::move(seen_);
  }

 private:
  struct Probe {
    std::uint64_t request;
    Time start;
    Time outcome;
    Time handled;
    bool failed;
  };

  // A breaker around the retries learns of the last attempt only.
  static Probe probe_of(const Call& call) {
    return {call.request, call.start, call.last_end, call.last_handled, call.last_failed};
  }

  void take(std::uint32_t place) {
    const Call& call = calls_.calls[place];
    const bool retries_from_before =
        calls_.correlated && !call.first_attempt && call.request_start - sight <= anchor_.high;
    if (retries_from_before && std::ranges::find(probes_, call.request, &Probe::request) == probes_.end()) return;
    if (half_open_) {
      if (joins(call)) return;
      resolve(call.start);
    }
    const bool early = call.start < anchor_.low + least_.first - sight;
    const bool let_in_before = call.request_start - sight <= anchor_.high;
    const bool just_after = !calls_.correlated && call.start - in_flight_slack <= anchor_.high;
    if ((let_in_before || just_after) && (early || least_.first == Nanoseconds(0))) {
      seen_.unclear += calls_.correlated || just_after ? 0 : 1;
      return;
    }
    if (!early) {
      begin_half_open(call);
    } else if (!calls_.correlated && (!calls_.within_requests || call.start <= anchor_.high + retry_reach)) {
      ++seen_.unclear;
    } else if (may_be_closed(call.start)) {
      ++seen_.after_success;
    } else if (call.request == 0 || last_leak_ != call.request) {
      last_leak_ = call.request;
      seen_.leaked.push_back(place);
    }
  }

  // A probe succeeded, and since then no call that failed was followed by a row of suppressed requests, one of them when
  // no call was under way that could still be a probe.
  bool may_be_closed(Time at) const {
    if (!closed_since_) return false;
    // Where several probes go at once, one may succeed while others fail, and nobody knows how many successes it takes.
    if (std::ranges::any_of(seen_.cycles, [](const Cycle& cycle) { return cycle.width > 1; })) return true;
    return std::ranges::none_of(seen_.runs, [&](const OpenRun& run) {
      const Time begin = calls_.opportunities[run.first].start;
      if (begin <= *closed_since_ || begin >= at) return false;
      bool idle = false;
      for (std::size_t place = run.first; place <= run.last && calls_.opportunities[place].start < at && !idle; ++place)
        idle = calls_.opportunities[place].in_the_air == 0;
      if (!idle) return false;
      const auto ended = calls_.ended_between(*closed_since_, begin + sight);
      return std::ranges::any_of(ended, [&](std::uint32_t place) { return calls_.calls[place].failed; });
    });
  }

  // Whether the call belongs to the probes under way; if so, takes it in.
  bool joins(const Call& call) {
    Cycle& cycle = seen_.cycles.back();
    for (Probe& probe : probes_) {
      if (calls_.correlated ? probe.request != call.request : !may_retry(probe, call)) continue;
      if (calls_.correlated) return true;
      // Where it is not sure to be one, the breaker may have known by the outcome before.
      if (call.start <= probe.outcome + in_flight_slack) probe.outcome = std::max(probe.outcome, call.end);
      probe.handled = std::max(probe.handled, call.handled);
      probe.failed = call.failed;
      return true;
    }
    const Time first_outcome = std::ranges::min(probes_, {}, &Probe::outcome).outcome;
    const bool before_outcome = std::min(call.request_start, call.start) <= first_outcome + sight;
    const bool all_failed = std::ranges::all_of(probes_, &Probe::failed);
    if (!before_outcome && (!all_failed || cycle.width_after >= admits_ || suppressed_between(last_probe_, call.start)))
      return false;
    probes_.push_back(probe_of(call));
    last_probe_ = call.start;
    ++cycle.width;
    cycle.width_after += before_outcome ? 0 : 1;
    return true;
  }

  // Without trace ids: right after a probe's failure, or while a request is under way that was so at the probe.
  bool may_retry(const Probe& probe, const Call& call) {
    if (!probe.failed || call.start < probe.outcome) return false;
    if (call.start <= probe.outcome + in_flight_slack) return true;
    if (call.request_start - sight > probe.start) return false;
    ++seen_.unclear;
    return true;
  }

  void begin_half_open(const Call& call) {
    half_open_ = true;
    probes_ = {probe_of(call)};
    last_probe_ = call.start;
    seen_.cycles.push_back({.opened = anchor_,
                            .sleep = {last_suppressed(call.start), call.start - anchor_.low + sight},
                            .low_at_best = last_surely_calling(call.start),
                            .probe = call.start,
                            .outcome = call.end,
                            .request = call.request,
                            .width = 1,
                            .after_success = closed_since_.has_value()});
  }

  // The probes' outcome is in: open again, or closed until the next open run.
  void resolve(Time now) {
    half_open_ = false;
    Time low = Time::max();
    Time high = Time::min();
    bool succeeded = false;
    Time good = Time::max();
    Time known = Time::max();
    for (const Probe& probe : probes_) {
      succeeded = succeeded || (!probe.failed && probe.outcome <= now);
      if (!probe.failed) good = std::min(good, probe.outcome), known = std::min(known, probe.handled);
      if (!probe.failed) continue;
      low = std::min(low, probe.outcome);
      high = std::max(high, probe.handled);
    }
    if (low > high) low = high = last_probe_;
    seen_.cycles.back().outcome = high;
    anchor_ = {low, high};
    if (!succeeded) return;
    seen_.cycles.back().good = known;
    // Closed: the next opening is that of the next open run; until then every call is in order. What was suppressed while
    // the probe was under way is none.
    low = std::max(low, good);
    closed_since_ = low;
    const auto next = std::ranges::find_if(
        seen_.runs, [&](const OpenRun& run) { return calls_.opportunities[run.first].start > low; });
    if (next == seen_.runs.end()) anchor_ = {to_, to_};
    else anchor_ = opening_after_success(*next, low);
  }

  // With required successes a later probe may have failed, during which requests were suppressed already.
  Anchor opening_after_success(const OpenRun& run, Time good) const {
    Anchor anchor = opening_of(calls_, run, good);
    const Opportunity& first = calls_.opportunities[run.first];
    const auto begin = std::ranges::upper_bound(calls_.calls, good, {}, &Call::start);
    const auto end = std::ranges::upper_bound(calls_.calls, first.end, {}, &Call::start);
    if (end - begin > static_cast<std::ptrdiff_t>(half_open_max)) return anchor;
    std::vector<Probe> under_way;
    for (auto call = begin; call < end || (call != calls_.calls.end() && call->start <= anchor.high + sight); ++call) {
      const auto retried = [&](const Probe& probe) {
        if (call->request != 0) return probe.request == call->request;
        return call->start >= probe.outcome && call->start <= probe.outcome + sight;
      };
      if (call >= end && std::ranges::none_of(under_way, retried)) continue;
      under_way.push_back({call->request, call->start, call->end, call->handled, call->failed});
      if (call->failed) anchor.high = std::max(anchor.high, call->handled);
    }
    return anchor;
  }

  // How long after the opening a request was still suppressed; 0 where none was.
  Nanoseconds last_suppressed(Time before) const {
    const auto& all = calls_.opportunities;
    auto at = std::ranges::lower_bound(all, before, {}, &Opportunity::start);
    std::uint64_t rank = 0;
    while (at != all.begin()) {
      --at;
      if (at->start <= anchor_.high) break;
      if (at->called || at->end > before || ++rank < lower_rank_) continue;
      return std::max(Nanoseconds(0), at->start - anchor_.high - sight);
    }
    return Nanoseconds(0);
  }

  // The same by what each route's requests do: the first of a row, backwards, that chance does not explain.
  Nanoseconds last_surely_calling(Time before) const {
    const auto& all = calls_.opportunities;
    auto at = std::ranges::lower_bound(all, before, {}, &Opportunity::start);
    double chance = 1;
    while (at != all.begin()) {
      --at;
      if (at->start <= anchor_.high) break;
      if (at->called || at->end > before) continue;
      chance *= at->lone_miss;
      if (chance <= estimate_chance) return std::max(Nanoseconds(0), at->start - anchor_.high - sight);
    }
    return Nanoseconds(0);
  }

  bool suppressed_between(Time after, Time before) const {
    auto at = std::ranges::upper_bound(calls_.opportunities, after, {}, &Opportunity::start);
    for (; at != calls_.opportunities.end() && at->start < before; ++at) {
      if (!at->called && at->end <= before) return true;
    }
    return false;
  }

  void add_unfinished_cycle() {
    if (anchor_.high >= to_) return;
    seen_.cycles.push_back({.opened = anchor_,
                            .sleep = {last_suppressed(to_), Nanoseconds::max()},
                            .after_success = closed_since_.has_value()});
  }

  const Calls& calls_;
  Time from_;
  Time to_;
  SleepLeast least_;
  std::size_t admits_;
  std::uint64_t lower_rank_;
  Openness seen_;
  Anchor anchor_;
  bool half_open_ = false;
  std::vector<Probe> probes_;
  Time last_probe_{};
  std::optional<Time> closed_since_ = {};  // perhaps: a probe succeeded
  std::uint64_t last_leak_ = 0;
};

// Half-open lets the same number of calls through every time: then those after the first outcome are no leaks.
bool regular_width(const Openness& seen) {
  std::vector<std::size_t> widths;
  for (std::size_t at = 0; at + 1 < seen.cycles.size(); ++at) widths.push_back(seen.cycles[at].width);
  return widths.size() >= law_cycles_min && widths.front() > 1 &&
         std::ranges::count(widths, widths.front()) == std::ssize(widths);
}

Openness start_of(const Calls& calls, Time from, Time to) {
  Openness seen;
  seen.runs = open_runs(calls, from, to);
  std::optional<Time> first_slow;
  for (const std::uint32_t place : calls.ended_between(from, to)) {
    const Call& call = calls.calls[place];
    if (!call.injected) continue;
    if (!first_slow) first_slow = call.end;
    if (!call.failed) continue;
    seen.first_failure = call.end;
    break;
  }
  if (!seen.first_failure) seen.first_failure = first_slow;
  if (seen.runs.empty()) return seen;
  const Opportunity& first = calls.opportunities[seen.runs.front().first];
  seen.already_open = !seen.first_failure || *seen.first_failure > first.end;
  seen.opened = opening_of(calls, seen.runs.front(), seen.first_failure.value_or(from));
  for (const Call& call : calls.calls) {
    if (call.start >= seen.opened->high) break;
    seen.trip_calls += call.start >= from ? 1 : 0;
    seen.in_flight += call.end > seen.opened->high ? 1 : 0;
  }
  for (const Opportunity& opportunity : calls.opportunities) {
    if (opportunity.start >= to) break;
    seen.suppressed += !opportunity.called && opportunity.start > seen.opened->high ? 1 : 0;
  }
  return seen;
}

Openness observe_from(const Calls& calls, const Openness& start, Time from, Time to, SleepLeast least) {
  if (!start.opened) return start;
  Openness generous = Reader(calls, from, to, least, unlimited).read(start);
  if (regular_width(generous)) return generous;
  return Reader(calls, from, to, least, 0).read(start);
}

}  // namespace

Openness observe(const Calls& calls, Time from, Time to, SleepLeast least) {
  return observe_from(calls, start_of(calls, from, to), from, to, least);
}

std::vector<Interval> sleeps(const Openness& seen) {
  std::vector<Interval> intervals;
  for (const Cycle& cycle : seen.cycles) {
    if (cycle.probe) intervals.push_back(cycle.sleep);
  }
  return intervals;
}

std::vector<Interval> finest_sleeps(const Openness& seen) {
  std::vector<Interval> intervals;
  for (const Cycle& cycle : seen.cycles) {
    if (cycle.probe) intervals.push_back({std::max(cycle.sleep.low, cycle.low_at_best), cycle.sleep.high});
  }
  return intervals;
}

namespace {

bool regular(const SleepWindow& window, const std::vector<Interval>& cycles) {
  return (window.law == Law::constant || window.law == Law::growing || window.law == Law::linear) &&
         cycles.size() >= established_cycles_min;
}

// Vague or few cycles fit any law, and so do calls that come while retries go on.
bool explains(const SleepWindow& window, const std::vector<Interval>& cycles, Nanoseconds lingering) {
  const bool sharp = std::ranges::all_of(cycles, [](const Interval& cycle) {
    return static_cast<double>(cycle.low.count()) >= sharp_share * static_cast<double>(cycle.high.count());
  });
  return regular(window, cycles) && sharp && window.first.low > lingering;
}

// Sleep windows that the first calls after the opening suggest.
std::vector<Nanoseconds> proposals(const Openness& every_call_a_probe) {
  std::vector<Nanoseconds> least;
  std::vector<Time> anchors;
  for (const Cycle& cycle : every_call_a_probe.cycles) {
    if (!cycle.probe || anchors.size() == law_candidates_max) break;
    anchors.push_back(cycle.opened.high);
    const Nanoseconds waited = *cycle.probe - cycle.opened.high;
    const Nanoseconds unsure = waited - cycle.sleep.low;
    for (const Time anchor : anchors) {
      const Nanoseconds low = *cycle.probe - anchor - unsure;
      if (low > Nanoseconds(0)) least.push_back(low);
    }
  }
  std::ranges::sort(least);
  return least;
}

}  // namespace

Reading read_freely(const Calls& calls, Time from, Time to) {
  const Openness start = start_of(calls, from, to);
  Reading reading{.seen = observe_from(calls, start, from, to, {}), .window = {}};
  reading.window = fit(sleeps(reading.seen));
  const Nanoseconds lingering = calls.lingering(from, to);
  reading.established = explains(reading.window, sleeps(reading.seen), lingering);
  if (reading.established || !start.opened) return reading;
  std::optional<Reading> best;
  // A law that is too vague to be established still explains the calls that it takes for probes.
  std::size_t fewest_leaks = regular(reading.window, sleeps(reading.seen)) ? reading.seen.leaked.size() : unlimited;
  for (const Nanoseconds least : proposals(reading.seen)) {
    Reading tried{.seen = observe_from(calls, start, from, to, {least}), .window = {}, .established = true};
    const auto cycles = sleeps(tried.seen);
    tried.window = fit(cycles);
    if (tried.window.law != Law::constant || !regular(tried.window, cycles)) continue;
    fewest_leaks = std::min(fewest_leaks, tried.seen.leaked.size());
    if (!explains(tried.window, cycles, lingering)) continue;
    if (!best || tried.seen.leaked.size() < best->seen.leaked.size()) best = std::move(tried);
  }
  return best && best->seen.leaked.size() <= fewest_leaks ? *best : reading;
}

}  // namespace stormproof::verify
