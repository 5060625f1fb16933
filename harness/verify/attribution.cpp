#include "harness/verify/attribution.h"

#include <algorithm>

namespace stormproof::verify {

using events::Exchange;
using events::Outcome;

Attribution::Attribution(Exchanges ingress, Time healthy_end) {
  std::vector<std::pair<Time, Time>> late;
  for (const Exchange* request : ingress) {
    if (request->outcome == Outcome::shed) continue;
    listened_until_ = std::max(listened_until_, request->end);
    if (own_lag(*request) > pause_least) late.emplace_back(request->intended, request->start - request->waited);
    if (request->outcome != Outcome::answered) continue;
    answers_.push_back(request->end);
    if (request->end < healthy_end) patience_ = std::max(patience_, request->end - request->start);
  }
  std::ranges::sort(answers_);
  std::ranges::sort(late);
  for (const auto& [from, to] : late) {
    if (!pauses_.empty() && from <= pauses_.back().to) pauses_.back().to = std::max(pauses_.back().to, to);
    else
      pauses_.push_back(
          {from, to,
           pauses_.empty() ? Nanoseconds(0) : pauses_.back().before + (pauses_.back().to - pauses_.back().from)});
  }
}

Nanoseconds Attribution::paused_before(Time when) const {
  const auto after = std::ranges::upper_bound(pauses_, when, {}, &Pause::from);
  if (after == pauses_.begin()) return Nanoseconds(0);
  const Pause& last = *std::prev(after);
  return last.before + (std::min(when, last.to) - last.from);
}

Nanoseconds Attribution::awake_between(Time from, Time to) const {
  if (to <= from) return Nanoseconds(0);
  return (to - from) - (paused_before(to) - paused_before(from));
}

Nanoseconds Attribution::silence(Time from, Time to) const {
  const auto next = std::ranges::upper_bound(answers_, from);
  const Nanoseconds silent = awake_between(from, next == answers_.end() ? to : std::min(to, *next));
  return silent > patience_ ? silent : Nanoseconds(0);
}

bool Attribution::never_answered_again(const Exchange& held_off) const {
  const Time taken = held_off.start - held_off.waited;
  const bool answers = !answers_.empty() && answers_.back() > taken;
  return !answers && silence(taken, listened_until_) > Nanoseconds(0);
}

Fate Attribution::fate(const Exchange& request) const {
  switch (request.outcome) {
    case Outcome::shed: return Fate::unknown;
    case Outcome::held_off: return never_answered_again(request) ? Fate::failed : Fate::unknown;
    case Outcome::answered: return request.status >= 500 ? Fate::failed : Fate::good;
    default: return Fate::failed;
  }
}

Nanoseconds Attribution::least(const Exchange& request) const {
  if (request.outcome == Outcome::shed) return Nanoseconds(0);
  const Nanoseconds in_line = silence(request.start - request.waited, request.start);
  if (request.outcome == Outcome::held_off) return never_answered_again(request) ? no_answer : in_line;
  if (request.outcome != Outcome::answered) return no_answer;
  const Nanoseconds seen = awake_between(request.start, request.end) - pause_least;
  return std::max({Nanoseconds(0), seen, in_line});
}

Nanoseconds Attribution::most(const Exchange& request) const {
  return request.outcome == Outcome::answered ? request.end - request.intended : no_answer;
}

}  // namespace stormproof::verify
