#include "harness/verify/callers.h"

#include <algorithm>
#include <array>
#include <queue>

#include "harness/verify/statistics.h"

namespace stormproof::verify {
namespace {

using events::Exchange;
using std::chrono::microseconds;

constexpr std::array moved_by = {microseconds(3'370),  microseconds(7'710),  microseconds(17'130),
                                 microseconds(41'590), microseconds(97'830), microseconds(211'290)};

std::vector<const Exchange*> by_start(Exchanges requests) {
  std::vector<const Exchange*> sorted;
  for (const Exchange* request : requests) {
    if (!events::never_sent(*request)) sorted.push_back(request);
  }
  std::ranges::sort(sorted, {}, &Exchange::start);
  return sorted;
}

// Requests by start, each with the latest end of those up to it: some request holds [from, to] exactly when one that
// began by `from` ends at `to` or later.
struct Spans {
  std::vector<Time> starts;
  std::vector<Time> ends;
  explicit Spans(Exchanges requests) {
    for (const Exchange* request : by_start(requests)) {
      starts.push_back(request->start);
      ends.push_back(ends.empty() ? request->end : std::max(ends.back(), request->end));
    }
  }
  bool hold(Time from, Time to) const {
    const auto after = std::ranges::upper_bound(starts, from + nesting_slack) - starts.begin();
    return after > 0 && ends[static_cast<std::size_t>(after - 1)] >= to - nesting_slack;
  }
};

}  // namespace

std::vector<std::optional<Time>> oldest_under_way(Exchanges requests, const std::vector<Time>& instants,
                                                  Nanoseconds slack) {
  const auto sorted = by_start(requests);
  const auto younger = [](const Exchange* a, const Exchange* b) { return a->start > b->start; };
  std::priority_queue<const Exchange*, std::vector<const Exchange*>, decltype(younger)> under_way(younger);
  std::vector<std::optional<Time>> oldest;
  oldest.reserve(instants.size());
  auto next = sorted.begin();
  for (const Time at : instants) {
    for (; next != sorted.end() && (*next)->start <= at + slack; ++next) under_way.push(*next);
    while (!under_way.empty() && under_way.top()->end + slack < at) under_way.pop();
    oldest.push_back(under_way.empty() ? std::nullopt : std::optional(under_way.top()->start));
  }
  return oldest;
}

bool made_within_requests(Exchanges requests, Exchanges calls) {
  const Spans spans(requests);
  if (spans.starts.empty() || calls.empty()) return false;
  const auto held = [&](Nanoseconds moved) {
    return std::ranges::count_if(
        calls, [&](const Exchange* call) { return spans.hold(call->start + moved, call->end + moved); });
  };
  const auto count = static_cast<std::uint64_t>(calls.size());
  const auto nested = static_cast<std::uint64_t>(held(Nanoseconds(0)));
  if (static_cast<double>(nested) < nested_share_min * static_cast<double>(count)) return false;
  double by_chance = 0;
  for (const Nanoseconds moved : moved_by)
    by_chance = std::max(by_chance, static_cast<double>(held(moved)) / static_cast<double>(count));
  return binomial_at_least(nested, count, by_chance) < nested_chance;
}

std::vector<Lone> lone_requests(Exchanges requests, Exchanges calls, Time from, Time to) {
  std::vector<Time> called;
  for (const Exchange* call : calls) called.push_back(call->start);
  std::ranges::sort(called);
  const auto sorted = by_start(requests);
  std::vector<Lone> lone;
  Time busy_until = Time::min();
  for (std::size_t at = 0; at < sorted.size(); ++at) {
    const Exchange& request = *sorted[at];
    const bool before = busy_until + nesting_slack < request.start;
    busy_until = std::max(busy_until, request.end);
    const bool after = at + 1 == sorted.size() || sorted[at + 1]->start > request.end + nesting_slack;
    if (!before || !after || request.start < from || request.end >= to) continue;
    if (request.outcome != events::Outcome::answered) continue;
    if (lone.size() <= request.route) lone.resize(request.route + 1);
    const auto first = std::ranges::lower_bound(called, request.start - nesting_slack);
    ++lone[request.route].requests;
    lone[request.route].calling += first != called.end() && *first <= request.end + nesting_slack ? 1 : 0;
  }
  return lone;
}

}  // namespace stormproof::verify
