#include "harness/verify/half_open.h"

#include <fmt/format.h>

#include <algorithm>

namespace stormproof::verify {
namespace {

struct Round {
  std::size_t width = 0;
  double too_few = 1;     // the chance that nothing but chance kept requests from calling before the first outcome
  bool pressure = false;  // more wanted to call
};

// The calls of a probe's round, and what was suppressed meanwhile; nothing: a good outcome may have closed it.
std::optional<Round> round_of(const Calls& calls, const Cycle& cycle) {
  const auto first = std::ranges::lower_bound(calls.calls, *cycle.probe, {}, &Call::start);
  Time outcome = Time::max();
  Time last{};
  std::size_t together = 0;
  for (auto call = first; call != calls.calls.end() && call->start + sight < outcome; ++call) {
    if (!call->first_attempt) continue;
    if (!call->last_failed) return std::nullopt;
    ++together;
    last = call->start;
    outcome = std::min(outcome, call->last_end);
  }
  if (together == 0) return std::nullopt;
  Round round{.width = std::max(together, cycle.width), .pressure = cycle.width_after > 0};
  auto meanwhile = std::ranges::upper_bound(calls.opportunities, last + sight, {}, &Opportunity::start);
  for (; meanwhile != calls.opportunities.end() && meanwhile->start + sight < outcome; ++meanwhile) {
    if (meanwhile->called) continue;
    round.pressure = true;
    round.too_few *= meanwhile->miss;
  }
  return round;
}

}  // namespace

Check check_half_open(const Outage& outage, std::uint64_t calls) {
  Check check{.name = "half-open-calls", .expected = fmt::format("{} calls let through half-open", calls)};
  const Openness& seen = outage.reading.seen;
  if (!outage.calls->correlated) {
    check.measured = "not measured";
    check.missing =
        "calls carry no known trace id, so a retry cannot be told from another call: send traceparent with each call";
    return check;
  }
  std::vector<Round> rounds;
  for (const Cycle& cycle : seen.cycles) {
    // What the heal cut short is no whole round.
    if (!cycle.probe || cycle.outcome >= outage.to) continue;
    if (const auto round = round_of(*outage.calls, cycle)) rounds.push_back(*round);
  }
  check.samples = rounds.size();
  const auto pressed = static_cast<std::size_t>(std::ranges::count_if(rounds, &Round::pressure));
  std::size_t widest = 0;
  double too_few = 1;
  for (const Round& round : rounds) {
    widest = std::max(widest, round.width);
    if (round.width < calls) too_few *= round.too_few;
  }
  check.measured = fmt::format("{} at most in {} rounds of probes; more requests came in {} of them", widest,
                               rounds.size(), pressed);
  const auto full =
      std::ranges::count_if(rounds, [&](const Round& round) { return round.pressure && round.width == calls; });
  const bool enough = rounds.size() >= half_open_rounds_min;
  const bool too_narrow = outage.reading.established && enough && too_few <= open_chance;
  if (!seen.opened) check.missing = "the breaker never opened";
  else if (seen.already_open) check.missing = "the breaker was already open when the faults began";
  else if (widest > calls || too_narrow) check.verdict = Verdict::violated;
  else if (!outage.reading.established) check.missing = "probes cannot be told from leaks: state probes-every";
  else if (!enough)
    check.missing =
        fmt::format("{} rounds of probes: needs {} at least: a longer phase", rounds.size(), half_open_rounds_min);
  else if (static_cast<std::size_t>(full) >= half_open_rounds_min) check.verdict = Verdict::holds;
  else
    check.missing = fmt::format(
        "in {} of {} rounds more requests came than were let through: make the dependency hang (latency: 30s), so that "
        "a probe lasts as long as the service's timeout, or send more requests a second",
        pressed, rounds.size());
  if (pressed > 0 && check.verdict != Verdict::inconclusive)
    check.estimate = Estimate{"half-open calls", static_cast<double>(widest), static_cast<double>(widest)};
  return check;
}

}  // namespace stormproof::verify
