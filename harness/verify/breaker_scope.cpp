#include "harness/verify/breaker_scope.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "harness/verify/evidence.h"
#include "harness/verify/statistics.h"

namespace stormproof::verify {
namespace {

// Of one route, or of all: requests, and those that called another host.
struct Calling {
  std::uint64_t requests = 0;
  std::uint64_t solo = 0;  // called another host, and not the hurt one
};

std::vector<bool> callers(const View& view, std::span<const std::string> hosts) {
  std::vector<bool> called(view.ingress().size());
  for (const std::string& host : hosts) {
    for (const std::uint32_t caller : view.callers_of(host)) {
      if (caller != View::nobody) called[caller] = true;
    }
  }
  return called;
}

bool surely_open(const Outage& outage, Time at) {
  const Openness& seen = outage.reading.seen;
  return seen.opened && at > seen.opened->high && std::ranges::any_of(seen.runs, [&](const OpenRun& run) {
           const auto& all = outage.calls->opportunities;
           return all[run.first].start <= at && at <= all[run.last].start;
         });
}

struct Comparison {
  std::vector<Calling> before = {};  // by route
  std::uint64_t requests = 0;        // while it was open, of routes that call another host alone
  std::uint64_t calling = 0;
  double expected = 0;  // so many would have called, as before
};

Comparison compared(const View& view, const Outage& outage, const scenarios::BreakerExpectation& claim) {
  Comparison found;
  found.before.resize(view.log().names.size());
  const std::vector<bool> others = callers(view, claim.others);
  const std::vector<bool> hurt = callers(view, std::span(&claim.on, 1));
  const auto ingress = view.ingress();
  for (std::size_t at = 0; at < ingress.size(); ++at) {
    const events::Exchange& request = *ingress[at];
    const bool steady = request.start >= view.healthy_begin() && request.end < view.healthy_end();
    if (!steady || failed(request) || request.route >= found.before.size()) continue;
    ++found.before[request.route].requests;
    found.before[request.route].solo += others[at] && !hurt[at] ? 1 : 0;
  }
  for (std::size_t at = 0; at < ingress.size(); ++at) {
    const events::Exchange& request = *ingress[at];
    if (events::never_sent(request) || request.route >= found.before.size()) continue;
    const Calling& usual = found.before[request.route];
    const double share =
        usual.requests < class_requests_min ? 0 : static_cast<double>(usual.solo) / static_cast<double>(usual.requests);
    if (share < solo_share_min || !surely_open(outage, request.start)) continue;
    ++found.requests;
    found.calling += others[at] ? 1 : 0;
    found.expected += share;
  }
  return found;
}

}  // namespace

Check check_hosts(const View& view, const PhaseWindow& phase, const Outage& outage,
                  const scenarios::BreakerExpectation& claim) {
  const bool of_host = claim.scope == scenarios::BreakerScope::host;
  Check check{.name = "scope",
              .expected = fmt::format("while it is open for {}, calls to {} {}", claim.on,
                                      fmt::join(claim.others, " and "), of_host ? "go on" : "stop, too"),
              .measured = std::string(not_measured)};
  const auto also_hurt = std::ranges::find_if(
      claim.others, [&](const std::string& other) { return fault_window(phase, other).has_value(); });
  const bool traced = correlated(view, claim.on) && std::ranges::all_of(claim.others, [&](const std::string& other) {
                        return correlated(view, other);
                      });
  if (also_hurt != claim.others.end()) {
    check.missing = fmt::format("a fault on {} was on, too: hurt {} alone", *also_hurt, claim.on);
    return check;
  }
  if (!traced) {
    check.missing = fmt::format(
        "not all of {} and {} were called in the steady state with known trace ids: send requests for each, and "
        "traceparent with each call",
        claim.on, fmt::join(claim.others, ", "));
    return check;
  }
  if (!outage.reading.seen.opened) {
    check.missing = "the breaker never opened";
    return check;
  }
  const Comparison found = compared(view, outage, claim);
  check.samples = found.requests;
  check.measured = fmt::format("{} of {} requests called them while it was open, {:.0f} would have before",
                               found.calling, found.requests, found.expected);
  if (found.expected < static_cast<double>(expected_calls_min)) {
    check.missing = found.requests == 0
                        ? fmt::format(
                              "no route calls {} without calling {}, so that its failure may be all that "
                              "stops it: send requests that need the others alone",
                              fmt::join(claim.others, " or "), claim.on)
                        : fmt::format(
                              "{:.0f} calls to the others were due while it was open: needs {} at least: a "
                              "longer phase or more requests a second",
                              found.expected, expected_calls_min);
    return check;
  }
  const double usual = found.expected / static_cast<double>(found.requests);
  const bool goes_on = share_lower(found.calling, found.requests) >= going_on_least * usual;
  const bool stops = share_upper(found.calling, found.requests) <= stopped_most * usual;
  if (goes_on || stops) check.verdict = goes_on == of_host ? Verdict::holds : Verdict::violated;
  else check.missing = "some of these calls go on and others do not: a longer phase or more requests a second";
  return check;
}

}  // namespace stormproof::verify
