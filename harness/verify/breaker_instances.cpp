#include "harness/verify/breaker_instances.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "harness/base/units.h"
#include "harness/verify/evidence.h"

namespace stormproof::verify {
namespace {

using base::format_duration;

Nanoseconds scaled(Nanoseconds duration, double by) {
  return Nanoseconds(std::llround(static_cast<double>(duration.count()) * by));
}
Nanoseconds least_sleep(const scenarios::Around& every) { return scaled(every.value, 1 - every.tolerance) - sight; }
Nanoseconds most_sleep(const scenarios::Around& every) { return scaled(every.value, 1 + every.tolerance) + sight; }

// With one of them still closed a request is suppressed with this chance at most.
double suppressed_by_others(std::uint64_t instances) {
  return static_cast<double>(instances - 1) / static_cast<double>(instances);
}

// Suppressed requests in a row that show that all are open.
std::uint64_t row_for(std::uint64_t instances) {
  return static_cast<std::uint64_t>(std::ceil(std::log(open_chance) / std::log(suppressed_by_others(instances))));
}

bool suppressed_between(const Calls& calls, Time after, Time before) {
  auto at = std::ranges::upper_bound(calls.opportunities, after, {}, &Opportunity::start);
  for (; at != calls.opportunities.end() && at->start < before; ++at) {
    if (!at->called) return true;
  }
  return false;
}

std::vector<ProbeRound> rounds_of(const Calls& calls, Time opened, Time to, bool& succeeded) {
  std::vector<ProbeRound> rounds;
  auto call = std::ranges::upper_bound(calls.calls, opened, {}, &Call::start);
  for (; call != calls.calls.end() && call->start < to; ++call) {
    // Let in before the opening: in flight, or its retry.
    if (call->request_start - sight <= opened) continue;
    succeeded = succeeded || (!call->failed && !call->slow);
    // Meanwhile another instance may refuse what this one lets through.
    const bool same =
        !rounds.empty() && (call->start < rounds.back().outcome + sight || call->request == rounds.back().request ||
                            !suppressed_between(calls, rounds.back().start, call->start));
    if (!same) rounds.push_back({.start = call->start});
    ProbeRound& round = rounds.back();
    round.request = call->request;
    round.outcome = std::max(round.outcome, call->last_end);
    ++round.calls;
  }
  return rounds;
}

// The fewest breakers that make these rounds, each at least `sleep` after its last one.
std::size_t breakers_for(const std::vector<ProbeRound>& rounds, Nanoseconds sleep) {
  std::vector<Time> free;  // from when on each may probe again, the earliest first
  for (const ProbeRound& round : rounds) {
    if (!free.empty() && free.front() <= round.start) free.erase(free.begin());
    const Time next = round.outcome + sleep;
    free.insert(std::ranges::upper_bound(free, next), next);
  }
  return free.size();
}

// Rounds that come although each of so many breakers must sleep still.
std::vector<std::size_t> unexplained(const std::vector<ProbeRound>& rounds, std::size_t breakers, Nanoseconds sleep) {
  std::vector<std::size_t> found;
  std::vector<Time> free(breakers, Time::min());
  for (std::size_t at = 0; at < rounds.size(); ++at) {
    if (free.front() > rounds[at].start) {
      found.push_back(at);
      continue;
    }
    free.erase(free.begin());
    const Time next = rounds[at].outcome + sleep;
    free.insert(std::ranges::upper_bound(free, next), next);
  }
  return found;
}

Check check_opening(const InstancesSeen& seen, const Calls& calls, Time from, Nanoseconds within) {
  Check check{.name = "opens-within",
              .expected = fmt::format("all open within {} of the first failure", format_duration(within))};
  const auto failed = calls.ended_between(from, seen.opened->high);
  const auto first = std::ranges::find_if(failed, [&](std::uint32_t place) { return calls.calls[place].failed; });
  check.samples = failed.size();
  if (first == failed.end()) {
    check.measured = "no call failed before";
    check.missing = "the breakers were already open when the faults began";
    return check;
  }
  const Time began = calls.calls[*first].end;
  check.measured = fmt::format("the last opened after {}, {} calls after the faults began",
                               format_duration(seen.opened->high - began), failed.size());
  if (seen.opened->high - began <= within) check.verdict = Verdict::holds;
  else if (seen.opened->low - began > within && failed.size() >= ample_failures) check.verdict = Verdict::violated;
  else check.missing = "the opening is not known finely enough: send more requests a second";
  return check;
}

Check check_leaks(const InstancesSeen& seen, const scenarios::BreakerExpectation& claim) {
  Check check{.name = "leaks-at-most",
              .expected = fmt::format("at most {} calls while open, probes apart", *claim.leaks_at_most)};
  std::size_t leaked = 0;
  for (const std::size_t place : seen.leaked) leaked += seen.rounds[place].calls;
  check.samples = seen.suppressed;
  check.measured = fmt::format("{} of {} rounds of calls are no probes of {} breakers, {} requests suppressed",
                               seen.leaked.size(), seen.rounds.size(), breakers_claimed(claim), seen.suppressed);
  const std::uint64_t claimed = breakers_claimed(claim);
  const bool full = seen.breakers == claimed && seen.rounds.size() >= chain_rounds_min * claimed;
  if (leaked > *claim.leaks_at_most && seen.leaked.size() >= chain_rounds_min) check.verdict = Verdict::violated;
  else if (leaked > *claim.leaks_at_most)
    check.missing =
        fmt::format("{} calls may be leaks, or probes of more breakers than are claimed: a longer phase", leaked);
  else if (seen.suppressed < suppressed_min)
    check.missing =
        fmt::format("{} requests met the open breakers: needs at least {}", seen.suppressed, suppressed_min);
  // A breaker that does not probe leaves room in which a leak looks like its probe.
  else if (!full || seen.longest > most_sleep(*claim.probes_every))
    check.missing = fmt::format(
        "{} breakers were seen to probe regularly, of {}: a leak may look like a probe of "
        "another one",
        full ? 0 : seen.breakers, claim.instances);
  else check.verdict = Verdict::holds;
  return check;
}

Check check_periods(const InstancesSeen& seen, const scenarios::BreakerExpectation& claim) {
  const scenarios::Around& every = *claim.probes_every;
  const std::uint64_t claimed = breakers_claimed(claim);
  Check check{.name = "probes-every",
              .expected = fmt::format("each of {} breakers probes every {} ± {}", claimed, format_duration(every.value),
                                      base::format_percent(every.tolerance)),
              .samples = seen.rounds.size()};
  check.measured = fmt::format("{} rounds, by {} breakers at least; {} at most from one to the next of a breaker",
                               seen.rounds.size(), seen.breakers, format_duration(seen.longest));
  if (!seen.leaked.empty())
    check.missing = "calls that are no probes of so many breakers: which are the probes is not known";
  else if (seen.breakers < claim.instances || seen.rounds.size() < chain_rounds_min * claim.instances)
    check.missing =
        fmt::format("needs {} rounds of each of {} breakers: a longer phase", chain_rounds_min, claim.instances);
  else if (seen.longest <= most_sleep(every)) check.verdict = Verdict::holds;
  else check.missing = "some came late: the breakers cannot be told apart well enough: send more requests a second";
  return check;
}

Check check_scope(const InstancesSeen& seen, const scenarios::BreakerExpectation& claim) {
  const bool shared = claim.scope == scenarios::BreakerScope::shared;
  Check check{.name = "scope",
              .expected = shared ? fmt::format("{} instances share one breaker", claim.instances)
                                 : fmt::format("each of {} instances has a breaker of its own", claim.instances),
              .samples = seen.rounds.size()};
  check.measured =
      fmt::format("{} rounds of probes, which take {} breakers at least", seen.rounds.size(), seen.breakers);
  const bool enough = seen.rounds.size() >= chain_rounds_min * claim.instances;
  if (seen.leaked.size() >= chain_rounds_min) check.verdict = Verdict::violated;
  else if (!seen.leaked.empty()) check.missing = "a call is no probe of so many breakers: it may be a leak";
  else if (seen.breakers == claim.instances && enough && !shared) check.verdict = Verdict::holds;
  else if (!enough) check.missing = fmt::format("needs {} rounds for each instance: a longer phase", chain_rounds_min);
  else
    check.missing =
        "an instance that gets no traffic looks the same as one that shares its breaker, and probes that hang together "
        "look like those of one: let the fault fail at once, and send to each instance";
  return check;
}

}  // namespace

InstancesSeen see_instances(const Calls& calls, Time from, Time to, const scenarios::BreakerExpectation& claim) {
  InstancesSeen seen;
  if (!calls.correlated) {
    seen.missing = "calls carry no known trace id: send traceparent with each call";
    return seen;
  }
  Calls doubted = calls;
  for (Opportunity& opportunity : doubted.opportunities)
    opportunity.miss = std::max(opportunity.miss, suppressed_by_others(claim.instances));
  const auto runs = open_runs(doubted, from, to);
  if (runs.empty()) {
    seen.missing = fmt::format(
        "never were {} requests in a row suppressed, which would show that {} breakers are "
        "open: send more requests a second, or they never open",
        row_for(claim.instances), claim.instances);
    return seen;
  }
  seen.opened = opening_of(calls, runs.front(), from);
  seen.rounds = rounds_of(calls, seen.opened->high, to, seen.succeeded);
  for (const Opportunity& opportunity : calls.opportunities) {
    const bool open = opportunity.start > seen.opened->high && opportunity.start < to;
    seen.suppressed += open && !opportunity.called ? 1 : 0;
  }
  if (seen.succeeded) {
    seen.missing = "a call after the opening succeeded, so that one of the breakers may have closed: let all fail";
    return seen;
  }
  const Nanoseconds sleep = least_sleep(*claim.probes_every);
  seen.breakers = breakers_for(seen.rounds, sleep);
  const std::uint64_t claimed = breakers_claimed(claim);
  seen.leaked = unexplained(seen.rounds, claimed, sleep);
  // First in, first out: the breaker that slept longest is next.
  for (std::size_t at = claimed; at < seen.rounds.size(); ++at)
    seen.longest = std::max(seen.longest, seen.rounds[at].start - seen.rounds[at - claimed].outcome);
  return seen;
}

std::vector<Check> check_instances(const InstancesSeen& seen, const Calls& calls, Time from,
                                   const scenarios::BreakerExpectation& claim) {
  std::vector<Check> checks;
  const auto doubtful = [&](Check check) {
    if (seen.missing.empty()) return check;
    check.verdict = Verdict::inconclusive;
    check.missing = seen.missing;
    return check;
  };
  const auto unknown = [&](std::string name) {
    checks.push_back({.name = std::move(name),
                      .expected = std::string(as_written),
                      .measured = std::string(not_measured),
                      .missing = seen.missing});
  };
  if (!seen.opened) {
    if (claim.opens_within) unknown("opens-within");
    if (claim.leaks_at_most) unknown("leaks-at-most");
    unknown("probes-every");
    unknown("scope");
    return checks;
  }
  if (claim.opens_within) checks.push_back(check_opening(seen, calls, from, *claim.opens_within));
  if (claim.leaks_at_most) checks.push_back(doubtful(check_leaks(seen, claim)));
  checks.push_back(doubtful(check_periods(seen, claim)));
  checks.push_back(doubtful(check_scope(seen, claim)));
  return checks;
}

}  // namespace stormproof::verify
