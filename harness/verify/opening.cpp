#include "harness/verify/opening.h"

#include <algorithm>
#include <limits>

namespace stormproof::verify {

std::vector<OpenRun> open_runs(const Calls& calls, Time from, Time to) {
  std::vector<OpenRun> runs;
  const auto& all = calls.opportunities;
  const auto begin =
      static_cast<std::size_t>(std::ranges::lower_bound(all, from, {}, &Opportunity::start) - all.begin());
  const auto end = static_cast<std::size_t>(std::ranges::lower_bound(all, to, {}, &Opportunity::start) - all.begin());
  for (std::size_t at = begin; at < end;) {
    if (all[at].called) {
      ++at;
      continue;
    }
    OpenRun run{.first = at};
    double chance = 1;
    std::uint32_t least = std::numeric_limits<std::uint32_t>::max();
    std::uint32_t most = 0;
    for (; at < end && !all[at].called; ++at) {
      chance *= calls.correlated ? all[at].miss : 0;
      least = std::min(least, all[at].in_the_air);
      most = std::max(most, all[at].in_the_air);
    }
    run.last = at - 1;
    const bool beyond_a_limit = least == 0 || least + concurrency_drop_min <= most;
    if (chance <= open_chance && beyond_a_limit) runs.push_back(run);
  }
  return runs;
}

namespace {

// Without trace ids, a call after a failure may be its retry, and then its request was let in before.
Time let_in(const Calls& calls, const Call& call) {
  const bool may_retry = std::ranges::any_of(calls.ended_between(call.request_start, call.start),
                                             [&](std::uint32_t place) { return calls.calls[place].failed; });
  return may_retry ? call.request_start : call.start;
}

// The least instant by which every request that called after it, up to `last`, may have been let in. Without trace ids.
Time let_in_by(const Calls& calls, Time from, Time last) {
  Time by = from;
  auto at = std::ranges::upper_bound(calls.calls, last, {}, &Call::start);
  while (at != calls.calls.begin() && std::prev(at)->start > by) {
    --at;
    by = std::max(by, let_in(calls, *at));
  }
  return by;
}

}  // namespace

Anchor opening_of(const Calls& calls, const OpenRun& run, Time from) {
  const Opportunity& first = calls.opportunities[run.first];
  // The last request that was let through came before the opening.
  Time last_start = calls.correlated ? from : let_in_by(calls, from, first.start);
  auto at = std::ranges::upper_bound(calls.calls, first.start, {}, &Call::start);
  while (calls.correlated && at != calls.calls.begin()) {
    --at;
    if (at->start < from) break;
    if (!at->first_attempt) continue;
    last_start = at->start;
    break;
  }
  // The first of the run may be a healthy miss, and the breaker have opened after it.
  const std::size_t doubtful = calls.correlated ? calls.run_for(late_chance) - 1 : 0;
  const Time open = calls.opportunities[std::min(run.first + doubtful, run.last)].end;
  for (const Nanoseconds slack : {sight, in_flight_slack}) {
    std::optional<Anchor> found;
    for (const std::uint32_t place : calls.ended_between(std::max(from, last_start - slack), first.end)) {
      // A success may trip it, too: the one that completes a rate window's volume.
      const Call& call = calls.calls[place];
      if (!found) found = Anchor{call.end, call.end};
      found->high = std::max(found->high, call.handled);
    }
    for (const std::uint32_t place : calls.ended_between(first.end, open)) {
      if (found) found->high = std::max(found->high, calls.calls[place].handled);
    }
    if (found) return *found;
  }
  return {last_start, std::max(last_start, first.end)};
}

}  // namespace stormproof::verify
