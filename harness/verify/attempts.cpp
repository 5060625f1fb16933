#include "harness/verify/attempts.h"

#include <algorithm>
#include <tuple>

#include "harness/verify/calls.h"

namespace stormproof::verify {
namespace {

using events::Exchange;

struct Place {
  std::uint32_t caller = View::nobody;
  const Exchange* call = nullptr;
};

// The calls that are known to belong to a request: those of a chain stand together, by start.
std::vector<Place> by_chain(const View& view, std::string_view dependency) {
  const Exchanges calls = view.egress_of(dependency);
  const auto callers = view.callers_of(dependency);
  std::vector<Place> places;
  places.reserve(calls.size());
  for (std::size_t at = 0; at < calls.size(); ++at) {
    if (callers[at] != View::nobody) places.push_back({callers[at], calls[at]});
  }
  std::ranges::sort(places, [](const Place& a, const Place& b) {
    return std::tie(a.caller, a.call->route, a.call->start, a.call->request) <
           std::tie(b.caller, b.call->route, b.call->start, b.call->request);
  });
  return places;
}

// Calls `take(first, last)` for the places of each chain.
template <typename Take>
void each_chain(const std::vector<Place>& places, Take take) {
  for (std::size_t first = 0, last = 0; first < places.size(); first = last) {
    while (last < places.size() && places[last].caller == places[first].caller &&
           places[last].call->route == places[first].call->route)
      ++last;
    take(first, last);
  }
}

struct Route {
  std::uint64_t chains = 0;
  std::uint64_t several = 0;
};

bool healthy(const View& view, const Exchange& call) {
  return call.start >= view.healthy_begin() && call.end < view.healthy_end();
}

// A limit on the route's part of the window: the last chains had no time to come to their end.
Nanoseconds usual_length(const std::vector<Chain>& chains, const FaultWindow& window) {
  std::vector<Nanoseconds> lengths;
  for (const Chain& chain : chains) {
    if (chain.exhausted()) lengths.push_back(chain.calls.back()->end - chain.calls.front()->start);
  }
  if (lengths.empty()) return Nanoseconds(0);
  const auto rank = static_cast<std::ptrdiff_t>(lengths.size() - 1 - lengths.size() / 10);
  std::ranges::nth_element(lengths, lengths.begin() + rank);
  return std::min(lengths[static_cast<std::size_t>(rank)], (window.to - window.from) / 2);
}

}  // namespace

bool call_failed(const Exchange& call) {
  const bool answered = call.outcome == events::Outcome::answered ||
                        (call.outcome == events::Outcome::faulted && call.status != 0);
  return !answered || call.status >= 500 || call.status == 429;
}

bool Chain::exhausted() const { return call_failed(*calls.back()); }

std::optional<Nanoseconds> wait_before(const Chain& chain, std::size_t attempt) {
  const Exchange& before = *chain.calls[attempt - 1];
  if (!call_failed(before) || before.end > chain.calls[attempt]->start) return std::nullopt;
  return chain.calls[attempt]->start - before.end;
}

Attempts attempts_of(const View& view, std::string_view dependency, const FaultWindow& window) {
  Attempts attempts{.traced = correlated(view, dependency)};
  if (!attempts.traced) return attempts;
  const std::vector<Place> places = by_chain(view, dependency);
  std::vector<Route> routes(view.log().names.size());
  std::uint64_t clean_calls = 0;
  std::uint64_t clean_requests = 0;
  std::uint32_t last_clean = View::nobody;
  each_chain(places, [&](std::size_t first, std::size_t last) {
    for (std::size_t at = first; at < last; ++at) {
      if (!healthy(view, *places[at].call) || call_failed(*places[at].call)) return;
    }
    const events::NameId route = places[first].call->route;
    if (route >= routes.size()) return;
    ++routes[route].chains;
    routes[route].several += last - first > 1 ? 1 : 0;
    clean_calls += last - first;
    clean_requests += places[first].caller == last_clean ? 0 : 1;
    last_clean = places[first].caller;
  });
  if (clean_requests > 0) attempts.healthy_calls = static_cast<double>(clean_calls) / static_cast<double>(clean_requests);
  each_chain(places, [&](std::size_t first, std::size_t last) {
    const Exchange& call = *places[first].call;
    if (call.start < window.from || call.start >= window.to) return;
    const Route route = call.route < routes.size() ? routes[call.route] : Route{};
    if (static_cast<double>(route.several) > several_share_max * static_cast<double>(route.chains)) {
      ++attempts.left_out;
      return;
    }
    Chain& chain = attempts.chains.emplace_back();
    chain.request = view.ingress()[places[first].caller];
    for (std::size_t at = first; at < last; ++at) chain.calls.push_back(places[at].call);
    const std::string_view name = view.log().names.name_of(call.route);
    chain.writes = name.starts_with("POST ") || name.starts_with("PATCH ");
  });
  const Time until = window.to - usual_length(attempts.chains, window);
  std::erase_if(attempts.chains, [&](const Chain& chain) { return chain.calls.front()->start > until; });
  std::ranges::sort(attempts.chains, {}, [](const Chain& chain) {
    return std::tuple(chain.calls.front()->start, chain.calls.front()->request);
  });
  return attempts;
}

}  // namespace stormproof::verify
