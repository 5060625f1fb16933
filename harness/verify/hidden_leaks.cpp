#include "harness/verify/hidden_leaks.h"

#include <algorithm>

namespace stormproof::verify {
namespace {

using CallPlace = std::vector<Call>::const_iterator;

// One cycle's calls, each for a request of its own.
struct Flight {
  CallPlace first;                  // L
  std::vector<CallPlace> together;  // started before its outcome, it among them
  CallPlace next;                   // after L, for another request; calls.end(): none
};

class Search {
 public:
  Search(const Calls& calls, const Openness& seen, const SleepMost& most) : calls_(calls), seen_(seen), most_(most) {
    for (const Cycle& cycle : seen.cycles) {
      if (cycle.probe) flights_.push_back(flight_of(cycle));
    }
  }

  std::vector<std::size_t> doubtful() const {
    std::vector<std::size_t> found;
    for (std::size_t at = 0; at < seen_.cycles.size(); ++at) {
      const bool first = at < flights_.size() && may_be_leak(at);
      if (first || let_in_after_suppression(at)) found.push_back(at);
    }
    return found;
  }

 private:
  Flight flight_of(const Cycle& cycle) const {
    const auto& all = calls_.calls;
    auto call = std::ranges::lower_bound(all, *cycle.probe, {}, &Call::start);
    while (call->request != cycle.request) ++call;
    Flight flight{.first = call, .together = {call}, .next = all.end()};
    Time outcome = call->last_end;
    for (++call; call != all.end(); ++call) {
      if (!call->first_attempt || call->request_start - sight <= cycle.opened.high) continue;
      if (flight.next == all.end()) flight.next = call;
      if (call->start >= outcome) break;
      flight.together.push_back(call);
      outcome = std::min(outcome, call->last_end);
    }
    return flight;
  }

  bool may_be_leak(std::size_t at) const {
    const Cycle& cycle = seen_.cycles[at];
    const Flight& flight = flights_[at];
    if (slept_enough(at)) return false;
    if (succeeded_in_vain(flight)) return true;
    if (flight.next == calls_.calls.end()) return false;
    if (flight.next->start - cycle.opened.high > most_.of(at) + sight) return false;
    if (too_short_to_hide(cycle, flight)) return false;
    if (!flight.first->last_failed && flight.together.size() == 1) return false;  // it closed, or asks for more of them
    return !others_fill_half_open(at);
  }

  // Before it was surely open: a request was suppressed, and a later one let in.
  bool let_in_after_suppression(std::size_t at) const {
    Time from = *seen_.first_failure;
    if (at > 0) from = seen_.cycles[at - 1].good ? *seen_.cycles[at - 1].good + sight : *seen_.cycles[at - 1].probe;
    const Time to = seen_.cycles[at].opened.high;
    auto request = std::ranges::upper_bound(calls_.opportunities, from, {}, &Opportunity::start);
    double chance = 1;  // of the row of suppressed requests that ended last
    Time decided = from;
    std::size_t let_in = 0;
    for (; request != calls_.opportunities.end() && request->start < to; ++request) {
      if (request->called) {
        if (request->start <= decided) continue;  // let in meanwhile, or before
        // Among the many of a closed breaker a few are healthy misses.
        if (chance <= (let_in < half_open_max ? hidden_chance : late_chance)) return true;
        ++let_in;
        chance = 1;
      } else if (request->end <= to) {
        chance *= request->miss;
        decided = std::max(decided, request->end);
      }
    }
    return false;
  }

  // By what the other cycles say of a breaker that sleeps as long each time.
  bool slept_enough(std::size_t at) const {
    if (seen_.cycles.size() < established_cycles_min || fit(sleeps(seen_)).law != Law::constant) return false;
    Nanoseconds known = Nanoseconds::max();
    for (std::size_t other = 0; other < flights_.size(); ++other) {
      if (other != at) known = std::min(known, seen_.cycles[other].sleep.high);
    }
    return flights_[at].first->start - seen_.cycles[at].opened.high >= known;
  }

  // A leak hides only where the probe comes while it is under way.
  static bool too_short_to_hide(const Cycle& cycle, const Flight& flight) {
    const auto under_way = static_cast<double>((flight.first->last_end - flight.first->start).count());
    return under_way <= hiding_share_max * static_cast<double>((flight.first->start - cycle.opened.high).count());
  }

  // Alone under way, it was good, and yet the next requests were suppressed.
  bool succeeded_in_vain(const Flight& flight) const {
    if (flight.first->last_failed || flight.first->slow || flight.together.size() > 1) return false;
    const Time known = flight.first->last_handled + sight;
    auto after = std::ranges::upper_bound(calls_.opportunities, known, {}, &Opportunity::start);
    double chance = 1;
    for (; after != calls_.opportunities.end() && !after->called; ++after) {
      chance *= after->miss;
      if (chance <= hidden_chance) return true;
    }
    return false;
  }

  // While the next ones were under way requests were suppressed, and half-open lets more through than these.
  bool others_fill_half_open(std::size_t at) const {
    const Flight& flight = flights_[at];
    const std::size_t known = known_width(at);
    auto request = std::ranges::upper_bound(calls_.opportunities, flight.next->start + sight, {}, &Opportunity::start);
    double chance = 1;
    for (; request != calls_.opportunities.end() && request->start < flight.next->last_end; ++request) {
      if (request->called || request->end > flight.next->last_end) continue;
      if (let_in_beside(flight, request->end) >= known) return false;
      chance *= request->miss;
      if (chance <= hidden_chance) return true;
    }
    return false;
  }

  std::size_t let_in_beside(const Flight& flight, Time by) const {
    std::size_t found = 0;
    for (auto call = flight.next; call != calls_.calls.end() && call->request_start <= by + sight; ++call)
      found += call->first_attempt ? 1 : 0;
    return found;
  }

  // So many were let through together in several other cycles.
  std::size_t known_width(std::size_t at) const {
    std::vector<std::size_t> widths;
    for (std::size_t other = 0; other < flights_.size(); ++other) {
      if (other != at) widths.push_back(flights_[other].together.size());
    }
    if (widths.size() < width_cycles_min) return 0;
    std::ranges::sort(widths, std::greater{});
    return widths[width_cycles_min - 1];
  }

  const Calls& calls_;
  const Openness& seen_;
  const SleepMost& most_;
  std::vector<Flight> flights_;
};

// By rate: whether there were more calls than requests from the first failure to the opening.
bool retries_seen(const Calls& calls, const Openness& seen) {
  const Time from = seen.first_failure.value_or(seen.opened->low);
  const Time to = seen.opened->low;
  const auto requests = std::ranges::count_if(calls.opportunities, [&](const Opportunity& request) {
    return request.start >= from - handling_max && request.start <= to;
  });
  const auto made =
      std::ranges::count_if(calls.calls, [&](const Call& call) { return call.start >= from && call.start <= to; });
  return made > requests;
}

// By rate: calls from a probe until its outcome was known; more than in the least of the cycles.
std::vector<std::size_t> fuller_cycles(const Calls& calls, const Openness& seen) {
  std::vector<std::size_t> counts;
  for (const Cycle& cycle : seen.cycles) {
    if (!cycle.probe) break;
    const auto first = std::ranges::lower_bound(calls.calls, *cycle.probe, {}, &Call::start);
    const auto last =
        std::ranges::lower_bound(first, calls.calls.end(), cycle.outcome + in_flight_slack, {}, &Call::start);
    counts.push_back(static_cast<std::size_t>(last - first));
  }
  std::vector<std::size_t> found;
  if (counts.empty()) return found;
  const std::size_t least = retries_seen(calls, seen) ? std::ranges::min(counts) : 1;
  for (std::size_t at = 0; at < counts.size(); ++at) {
    if (counts[at] > least) found.push_back(at);
  }
  return found;
}

}  // namespace

std::vector<std::size_t> hidden_leaks(const Calls& calls, const Openness& seen, const SleepMost& most) {
  return calls.correlated ? Search(calls, seen, most).doubtful() : fuller_cycles(calls, seen);
}

}  // namespace stormproof::verify
