#include "harness/verify/bulkhead.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <tuple>

#include "harness/base/units.h"
#include "harness/verify/calls.h"
#include "harness/verify/errors.h"
#include "harness/verify/statistics.h"

namespace stormproof::verify {
namespace {

using base::format_duration;
using base::format_percent;
using events::Exchange;

struct Turn {
  Time at{};
  int change = 0;  // an end before a start of the same instant
  const Exchange* call = nullptr;
  auto key() const { return std::tuple(at, change, call->request); }
};

struct Crowd {
  std::uint64_t greatest = 0;
  Time reached{};
  std::vector<const Exchange*> beyond = {};  // calls that began above `limit`
};

// The calls under way at once within the window, each without its last `slack`.
std::vector<Turn> turns_of(const View& view, const FaultWindow& window, std::string_view dependency,
                           Nanoseconds slack) {
  std::vector<Turn> turns;
  for (const Exchange* call : view.egress_of(dependency)) {
    const Time end = std::max(call->start, call->end - slack);
    if (call->start >= window.to || end <= window.from || end == call->start) continue;
    turns.push_back({call->start, 1, call});
    turns.push_back({end, -1, call});
  }
  std::ranges::sort(turns, {}, &Turn::key);
  return turns;
}

Crowd crowd_of(const std::vector<Turn>& turns, const FaultWindow& window, std::uint64_t limit) {
  Crowd crowd;
  std::uint64_t now = 0;
  for (const Turn& turn : turns) {
    if (turn.change < 0) {
      --now;
      continue;
    }
    if (++now > limit) crowd.beyond.push_back(turn.call);
    if (now > crowd.greatest && turn.at < window.to) crowd.greatest = now, crowd.reached = turn.at;
  }
  return crowd;
}

// How much of the time since `from` so many were under way at least.
double time_near(const std::vector<Turn>& turns, Time from, Time to, std::uint64_t many) {
  std::uint64_t now = 0;
  Time since = from;
  Nanoseconds near{0};
  const auto pass = [&](Time until) {
    if (now >= many && until > since) near += until - since;
    since = std::max(since, until);
  };
  for (const Turn& turn : turns) {
    pass(std::clamp(turn.at, from, to));
    now += turn.change > 0 ? 1 : 0;
    now -= turn.change < 0 ? 1 : 0;
  }
  pass(to);
  return to <= from ? 0 : static_cast<double>(near.count()) / static_cast<double>((to - from).count());
}

// How long calls hung: the median of those that the fault held.
Nanoseconds hold_of(const View& view, const FaultWindow& window, std::string_view dependency, std::uint64_t& held) {
  std::vector<Nanoseconds> lengths;
  for (const Exchange* call : view.egress_of(dependency)) {
    if (call->fault != 0 && call->start >= window.from && call->start < window.to)
      lengths.push_back(std::min(call->end, window.to) - call->start);
  }
  held = lengths.size();
  if (lengths.empty()) return Nanoseconds(0);
  const auto middle = lengths.begin() + static_cast<std::ptrdiff_t>(lengths.size() / 2);
  std::ranges::nth_element(lengths, middle);
  return *middle;
}

// The most calls that requests would have asked for within so long, by the steady state's calls a request.
double wanted_at_once(const View& view, const FaultWindow& window, std::string_view dependency, Nanoseconds hold) {
  std::uint64_t calls = 0;
  for (const Exchange* call : view.egress_of(dependency))
    calls += call->start >= view.healthy_begin() && call->start < view.healthy_end() ? 1 : 0;
  const std::size_t requests = view.ingress_between(view.healthy_begin(), view.healthy_end()).size();
  if (requests == 0 || hold <= Nanoseconds(0)) return 0;
  const Exchanges sent = view.ingress_between(window.from, window.to);
  std::size_t most = 0;
  for (std::size_t first = 0, last = 0; last < sent.size(); ++last) {
    while (sent[last]->intended - sent[first]->intended >= hold) ++first;
    most = std::max(most, last - first + 1);
  }
  return static_cast<double>(most) * static_cast<double>(calls) / static_cast<double>(requests);
}

Check check_calls(const View& view, const FaultWindow& window, const scenarios::BulkheadExpectation& claim,
                  Finding& finding) {
  const std::uint64_t limit = *claim.calls_at_most;
  Check check{.name = "calls-at-most",
              .expected = fmt::format("at most {} calls to {} under way at once", limit, claim.on)};
  std::uint64_t held = 0;
  const Nanoseconds hold = hold_of(view, window, claim.on, held);
  const auto seen_turns = turns_of(view, window, claim.on, sight);
  const Crowd seen = crowd_of(seen_turns, window, limit);
  const Crowd sure = crowd_of(turns_of(view, window, claim.on, bulkhead_slack), window, limit);
  const double wanted = wanted_at_once(view, window, claim.on, hold);
  const auto near = static_cast<std::uint64_t>(std::llround(plateau_near * static_cast<double>(seen.greatest)));
  const double plateau = time_near(seen_turns, seen.reached, window.to, std::max<std::uint64_t>(1, near));
  check.samples = held;
  check.measured = fmt::format(
      "{} calls at once at most, of about {:.0f} that were wanted ({} calls met the fault, for {}); "
      "near that for {} of the time",
      seen.greatest, wanted, held, format_duration(hold), format_percent(plateau));
  if (sure.greatest > limit) {
    check.verdict = Verdict::violated;
    for (const Exchange* call : sure.beyond) {
      if (finding.timeline.size() < finding_instants_max)
        finding.timeline.push_back({call->start, "one call too many at once"});
    }
  } else if (held < held_calls_min) {
    check.missing = fmt::format("{} calls met the fault: needs at least {}", held, held_calls_min);
  } else if (hold < hang_min) {
    check.missing =
        fmt::format("calls that met the fault took {}: it must hang, as with latency: 30s", format_duration(hold));
  } else if (wanted < pressure_min * static_cast<double>(limit)) {
    check.missing = fmt::format(
        "about {:.0f} calls were wanted at once: needs {:.0f}: more requests a second (about {:.1f} times)", wanted,
        pressure_min * static_cast<double>(limit), pressure_min * static_cast<double>(limit) / std::max(wanted, 1.0));
  } else if (seen.greatest > limit) {
    check.missing = fmt::format("more than {} calls overlapped, but for less than {}: the end of a call is seen late",
                                limit, format_duration(bulkhead_slack));
  } else if (plateau < plateau_share_min) {
    check.missing =
        "most of the time there were far fewer: something else kept calls back, perhaps a circuit breaker that opened";
  } else {
    check.verdict = Verdict::holds;
  }
  return check;
}

void take_requests(const View& view, Exchanges requests, const std::vector<Tie>& ties, std::vector<Nanoseconds>& most,
                   std::vector<Nanoseconds>& least, std::vector<const Exchange*>* sent = nullptr) {
  for (const Exchange* request : requests) {
    if (request->outcome == events::Outcome::shed || request->route >= ties.size()) continue;
    if (ties[request->route] != Tie::never) continue;
    const bool bad = view.attribution().fate(*request) == Fate::failed;
    most.push_back(bad ? no_answer : view.attribution().most(*request));
    least.push_back(bad ? no_answer : view.attribution().least(*request));
    if (sent != nullptr) sent->push_back(request);
  }
}

Check check_others(const View& view, const FaultWindow& window, const scenarios::BulkheadExpectation& claim,
                   Finding& finding) {
  const Nanoseconds limit = *claim.others_p99;
  Check check{.name = "others-p99",
              .expected = fmt::format("99% of the requests that do not depend on {} are answered well within {}",
                                      claim.on, format_duration(limit)),
              .measured = "nothing"};
  if (!correlated(view, claim.on)) {
    check.missing =
        "calls carry no known trace id, so that nobody knows which requests depend on it: send traceparent "
        "with each call";
    return check;
  }
  const std::vector<Tie> ties = ties_to(view, claim.on);
  std::vector<Nanoseconds> most, least, steady_most, steady_least;
  std::vector<const Exchange*> sent;
  take_requests(view, view.ingress_between(window.from, window.to), ties, most, least, &sent);
  take_requests(view, view.ingress_between(view.healthy_begin(), view.healthy_end()), ties, steady_most, steady_least);
  const std::vector<Nanoseconds> took = least;
  std::uint64_t held = 0;
  const Nanoseconds hold = hold_of(view, window, claim.on, held);
  decide_slowest(check, std::move(most), std::move(least), 0.99, limit, "requests that do not depend on it");
  if (check.samples == 0) {
    check.missing = fmt::format(
        "no route was asked for at least {} times that never calls {} while all is well: send "
        "such requests, too",
        class_requests_min, claim.on);
  }
  if (check.verdict == Verdict::holds && (held < held_calls_min || hold < hang_min)) {
    check.verdict = Verdict::inconclusive;
    check.missing = held < held_calls_min
                        ? fmt::format("{} calls met the fault: needs at least {}", held, held_calls_min)
                        : fmt::format("calls that met the fault took {}: it must hang, as with latency: 30s",
                                      format_duration(hold));
  }
  Check steady;
  decide_slowest(steady, std::move(steady_most), std::move(steady_least), 0.99, limit, "requests");
  if (check.verdict == Verdict::violated && steady.verdict == Verdict::violated) {
    check.verdict = Verdict::inconclusive;
    check.missing = fmt::format("they take longer while all is well, too: {}", steady.measured);
  }
  if (check.verdict != Verdict::violated) return check;
  for (std::size_t at = 0; at < sent.size(); ++at) {
    if (took[at] > limit) show(finding, sent[at]->request);
  }
  return check;
}

}  // namespace

Finding judge_bulkhead(const View& view, const PhaseWindow& phase, const scenarios::BulkheadExpectation& expectation) {
  Finding finding;
  finding.expectation = fmt::format("bulkhead on {}", expectation.on);
  const auto window = fault_window(phase, expectation.on);
  if (!window) {
    std::vector<std::string> names;
    if (expectation.calls_at_most) names.emplace_back("calls-at-most");
    if (expectation.others_p99) names.emplace_back("others-p99");
    cannot(finding, names, fmt::format("no fault on {} was on in this phase", expectation.on));
  } else {
    finding.timeline.push_back({window->from, "faults on"});
    if (expectation.calls_at_most) finding.checks.push_back(check_calls(view, *window, expectation, finding));
    if (expectation.others_p99) finding.checks.push_back(check_others(view, *window, expectation, finding));
  }
  conclude(finding, fmt::format("The bulkhead on {}", expectation.on), false);
  if (finding.verdict == Verdict::holds) finding.exchanges.clear();
  return finding;
}

}  // namespace stormproof::verify
