#include "harness/verify/calls.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <tuple>

#include "harness/base/units.h"
#include "harness/verify/callers.h"
#include "harness/verify/statistics.h"

namespace stormproof::verify {
namespace {

using events::Exchange;

constexpr std::uint32_t nobody = View::nobody;

struct Class {
  std::uint64_t requests = 0;
  std::uint64_t calling = 0;
  bool usable = false;
  double miss = 1;
};

// What is known while the calls are being put together.
struct Draft {
  std::vector<const Exchange*> egress;  // by start
  std::vector<std::uint32_t> caller;    // of each: place in ingress, or nobody
  std::vector<bool> called;             // each ingress request
  std::vector<Class> classes;           // by route
  std::vector<Lone> lone = {};          // by route; where calls carry no trace id
};

bool healthy(const View& view, const Exchange& exchange) {
  return exchange.start >= view.healthy_begin() && exchange.end < view.healthy_end();
}

Draft draft_of(const View& view, std::string_view dependency, const std::vector<events::NameId>& routes) {
  Draft draft;
  draft.called.resize(view.ingress().size());
  const Exchanges egress = view.egress_of(dependency);
  const auto callers = view.callers_of(dependency);
  for (std::size_t at = 0; at < egress.size(); ++at) {
    if (!routes.empty() && std::ranges::find(routes, egress[at]->route) == routes.end()) continue;
    draft.egress.push_back(egress[at]);
    draft.caller.push_back(callers[at]);
    if (callers[at] != nobody) draft.called[callers[at]] = true;
  }
  return draft;
}

bool correlated(const View& view, const Draft& draft) {
  std::uint64_t calls = 0;
  std::uint64_t known = 0;
  for (std::size_t at = 0; at < draft.egress.size(); ++at) {
    if (!healthy(view, *draft.egress[at])) continue;
    ++calls;
    known += draft.caller[at] != nobody ? 1 : 0;
  }
  return calls > 0 && static_cast<double>(known) >= correlated_share_min * static_cast<double>(calls);
}

void take_baseline(const View& view, Draft& draft, Calls& result) {
  const Exchanges ingress = view.ingress();
  for (std::size_t at = 0; at < ingress.size(); ++at) {
    const Exchange& request = *ingress[at];
    if (!healthy(view, request) || request.outcome != events::Outcome::answered) continue;
    if (request.route >= view.log().names.size()) continue;
    if (draft.classes.size() <= request.route) draft.classes.resize(request.route + 1);
    ++draft.classes[request.route].requests;
    draft.classes[request.route].calling += draft.called[at] ? 1 : 0;
  }
  result.miss = 0;
  for (Class& each : draft.classes) {
    const double share =
        each.requests == 0 ? 0 : static_cast<double>(each.calling) / static_cast<double>(each.requests);
    each.usable = each.requests >= class_requests_min && share >= calling_share_min;
    if (!each.usable) continue;
    each.miss = 1 - share_lower(each.calling, each.requests);
    result.miss = std::max(result.miss, each.miss);
    result.healthy_requests += each.requests;
  }
}

// By rate: all classes together, because a call cannot be told to belong to one.
void take_rate_baseline(const View& view, const Draft& draft, Calls& result) {
  std::uint64_t calls = 0;
  for (const Exchange* call : draft.egress) calls += healthy(view, *call) ? 1 : 0;
  for (const Exchange* request : view.ingress()) {
    result.healthy_requests += healthy(view, *request) && request->outcome == events::Outcome::answered ? 1 : 0;
  }
  const double requests = static_cast<double>(result.healthy_requests);
  result.calls_per_request = requests == 0 ? 0 : std::min(1.0, static_cast<double>(calls) / requests);
}

// A held call whose request has already been answered was given up at that moment, whenever the connection ends.
Call call_of(const Exchange& exchange, const Exchange* request) {
  Call call{.start = exchange.start, .end = exchange.end, .request_start = exchange.start};
  call.injected = exchange.fault != 0 || exchange.outcome == events::Outcome::faulted;
  const bool answered = exchange.outcome == events::Outcome::answered ||
                        (exchange.outcome == events::Outcome::faulted && exchange.status != 0);
  call.failed = !answered || exchange.status >= 500;
  if (request != nullptr) {
    call.request = request->request;
    call.request_start = std::min(request->start, exchange.start);
    if (call.injected && request->end > exchange.start && request->end + sight < exchange.end) {
      call.end = request->end;
      call.failed = true;
    }
  }
  call.slow = call.injected && !call.failed;
  call.handled = call.end;
  if (request != nullptr) call.handled = std::clamp(request->end, call.end, call.end + handling_max);
  return call;
}

void fill_calls(const View& view, const Draft& draft, Calls& result) {
  std::vector<bool> seen(view.ingress().size());
  result.calls.reserve(draft.egress.size());
  for (std::size_t at = 0; at < draft.egress.size(); ++at) {
    const std::uint32_t caller = result.correlated ? draft.caller[at] : nobody;
    Call call = call_of(*draft.egress[at], caller == nobody ? nullptr : view.ingress()[caller]);
    if (caller != nobody) {
      call.first_attempt = !seen[caller];
      seen[caller] = true;
    }
    result.calls.push_back(call);
  }
  std::vector<const Call*> last(seen.size());
  for (std::size_t at = result.calls.size(); at-- > 0;) {
    Call& call = result.calls[at];
    const std::uint32_t caller = result.correlated ? draft.caller[at] : nobody;
    const Call* known = caller == nobody ? nullptr : last[caller];
    if (known == nullptr) known = &call;
    if (caller != nobody) last[caller] = known;
    call.last_end = std::max(call.end, known->end);
    call.last_handled = std::max(call.handled, known->handled);
    call.last_failed = known->failed;
  }
  result.by_end.resize(result.calls.size());
  for (std::size_t at = 0; at < result.by_end.size(); ++at) result.by_end[at] = static_cast<std::uint32_t>(at);
  std::ranges::sort(result.by_end, [&](std::uint32_t a, std::uint32_t b) {
    return std::tie(result.calls[a].end, a) < std::tie(result.calls[b].end, b);
  });
}

// By rate: the oldest request that may have made each call. Healthy time shows whether any of them does.
void find_callers(const View& view, Draft& draft, Calls& result) {
  std::vector<Time> starts;
  std::vector<const Exchange*> healthy_calls;
  for (const Exchange* call : draft.egress) {
    starts.push_back(call->start);
    if (healthy(view, *call)) healthy_calls.push_back(call);
  }
  const auto oldest = oldest_under_way(view.ingress(), starts, sight);
  for (std::size_t at = 0; at < result.calls.size(); ++at)
    result.calls[at].request_start = std::min(oldest[at].value_or(starts[at]), starts[at]);
  result.within_requests = made_within_requests(view.ingress(), healthy_calls);
  if (!result.within_requests) return;
  draft.lone = lone_requests(view.ingress(), healthy_calls, view.healthy_begin(), view.healthy_end());
}

double lone_miss_of(const Draft& draft, events::NameId route) {
  if (route >= draft.lone.size() || draft.lone[route].requests < class_requests_min) return 1;
  return 1 - share_lower(draft.lone[route].calling, draft.lone[route].requests);
}

void fill_opportunities(const View& view, const Draft& draft, Calls& result) {
  const Exchanges ingress = view.ingress();
  for (std::size_t at = 0; at < ingress.size(); ++at) {
    const Exchange& request = *ingress[at];
    const Class* const of = request.route < draft.classes.size() ? &draft.classes[request.route] : nullptr;
    const bool counts = result.correlated ? of != nullptr && of->usable : request.start >= view.healthy_begin();
    if (!counts) continue;
    const Opportunity opportunity{.start = request.start,
                                  .end = request.end,
                                  .least = view.attribution().least(request),
                                  .most = view.attribution().most(request),
                                  .request = request.request,
                                  .miss = result.correlated ? of->miss : 1 - result.calls_per_request,
                                  .lone_miss = result.correlated ? of->miss : lone_miss_of(draft, request.route),
                                  .called = draft.called[at]};
    // A service that does not answer has not decided anything: a crash is no open breaker.
    const bool decided = request.outcome == events::Outcome::answered || opportunity.called;
    if (decided) result.opportunities.push_back(opportunity);
    else if (result.correlated && !events::never_sent(request)) result.unanswered.push_back(opportunity);
  }
  std::ranges::sort(result.unanswered, {}, &Opportunity::start);
  std::ranges::sort(result.opportunities, [](const Opportunity& a, const Opportunity& b) {
    return std::tie(a.start, a.request, a.end) < std::tie(b.start, b.request, b.end);
  });
}

// By rate: requests that began and ended within a long gap between calls are suppressed, all others count as called.
void mark_gaps(Calls& result) {
  std::size_t first = 0;
  for (std::size_t at = 0; at <= result.calls.size(); ++at) {
    const Time to = at == result.calls.size() ? Time::max() : result.calls[at].start;
    const Time from = at == 0 ? Time::min() : result.calls[at - 1].start;
    while (first < result.opportunities.size() && result.opportunities[first].start <= from)
      result.opportunities[first++].called = true;
    std::size_t last = first;
    while (last < result.opportunities.size() && result.opportunities[last].start < to) ++last;
    std::size_t within = 0;
    for (std::size_t each = first; each < last; ++each) within += result.opportunities[each].end <= to ? 1 : 0;
    const bool gap = result.calls_per_request * static_cast<double>(within) >= gap_calls_min;
    for (; first < last; ++first) result.opportunities[first].called = !gap || result.opportunities[first].end > to;
  }
}

void count_in_the_air(Calls& result) {
  std::size_t started = 0;
  std::size_t ended = 0;
  for (Opportunity& opportunity : result.opportunities) {
    while (started < result.calls.size() && result.calls[started].start <= opportunity.start) ++started;
    while (ended < result.by_end.size() && result.calls[result.by_end[ended]].end <= opportunity.start) ++ended;
    opportunity.in_the_air = static_cast<std::uint32_t>(started - std::min(started, ended));
  }
}

}  // namespace

std::vector<std::uint32_t> Calls::ended_between(Time from, Time to) const {
  const auto end_of = [this](std::uint32_t place) { return calls[place].end; };
  const auto first = std::ranges::lower_bound(by_end, from, {}, end_of);
  const auto last = std::ranges::upper_bound(by_end, to, {}, end_of);
  return first < last ? std::vector<std::uint32_t>(first, last) : std::vector<std::uint32_t>{};
}

Nanoseconds Calls::lingering(Time from, Time to) const {
  Nanoseconds longest{0};
  const auto first = std::ranges::lower_bound(calls, from, {}, &Call::start);
  for (auto call = first; call != calls.end() && call->start < to; ++call) {
    if (!correlated || !call->first_attempt) longest = std::max(longest, call->start - call->request_start);
  }
  return longest;
}

std::uint64_t Calls::run_for(double chance) const {
  if (!correlated)
    return static_cast<std::uint64_t>(
        std::ceil(-std::log(chance) / std::max(calls_per_request, rate_calls_per_request_min)));
  if (miss <= 0) return 1;
  return static_cast<std::uint64_t>(std::max(1.0, std::ceil(std::log(chance) / std::log(std::min(miss, 0.999)))));
}

Calls calls_of(const View& view, std::string_view dependency, const std::vector<events::NameId>& routes) {
  Calls result;
  Draft draft = draft_of(view, dependency, routes);
  result.correlated = correlated(view, draft);
  if (result.correlated) take_baseline(view, draft, result);
  else take_rate_baseline(view, draft, result);
  if (draft.egress.empty()) {
    result.unusable = fmt::format("the service never called {}", dependency);
  } else if (result.healthy_requests < class_requests_min) {
    result.unusable = fmt::format(
        "no class of requests with at least {} healthy requests called {} in {} of cases: give the steady state more "
        "traffic that does",
        class_requests_min, dependency, base::format_percent(calling_share_min));
  } else if (!result.correlated && result.calls_per_request < rate_calls_per_request_min) {
    result.unusable =
        fmt::format("calls to {} carry no known trace id and are only {:.2f} a request: propagate traceparent",
                    dependency, result.calls_per_request);
  }
  fill_calls(view, draft, result);
  if (!result.correlated) find_callers(view, draft, result);
  fill_opportunities(view, draft, result);
  if (!result.correlated) mark_gaps(result);
  count_in_the_air(result);
  return result;
}

}  // namespace stormproof::verify
