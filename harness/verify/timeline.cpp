#include "harness/verify/timeline.h"

#include <algorithm>
#include <iterator>
#include <tuple>
#include <unordered_map>
#include <unordered_set>

#include "harness/base/seed.h"

namespace stormproof::verify {
namespace {

using events::Exchange;
using events::Mark;
using events::MarkKind;

// A phase that lasted this share of its plan counts as whole: marks are set by timers.
constexpr double whole_share = 0.98;

// A run lasts less than a year, so no sum of its times overflows. What lies outside is damage and is left out.
constexpr Nanoseconds run_max = std::chrono::hours(24 * 365);

bool plausible(const Exchange& exchange, Time origin) {
  const auto near = [origin](Time when) { return when >= origin - run_max && when <= origin + run_max; };
  // A request that was never sent has no other times.
  if (exchange.outcome == events::Outcome::shed) return near(exchange.intended);
  const bool waited_well = exchange.waited >= Nanoseconds(0) && exchange.waited <= run_max;
  return waited_well && near(exchange.intended) && near(exchange.start) && near(exchange.end);
}

// B3 knows ids of 64 bits, too: the lower half, the upper one zero.
events::TraceId half_of(events::TraceId trace) {
  std::fill(trace.bytes.begin(), trace.bytes.begin() + 8, std::uint8_t{0});
  return trace;
}

// At one instant, what ends stands before what begins.
int rank(MarkKind kind) {
  switch (kind) {
    case MarkKind::faults_off: return 0;
    case MarkKind::phase_end: return 1;
    case MarkKind::phase_begin: return 2;
    default: return 3;
  }
}

}  // namespace

std::string party_beside(std::string_view dependency, std::string_view version) {
  return std::string(dependency).append(" (").append(version).append(")");
}

bool is_beside(std::string_view party) {
  return party.ends_with(party_beside("", baseline_party)) || party.ends_with(party_beside("", second_baseline_party));
}

std::size_t View::TraceHash::operator()(const events::TraceId& trace) const {
  return base::identity_of({reinterpret_cast<const char*>(trace.bytes.data()), trace.bytes.size()});
}

View::View(const events::Log& log, const scenarios::Scenario& scenario) : log_(log), scenario_(scenario) {
  const Time latest = Time(Nanoseconds::max() / 2);
  Time origin = latest;
  for (const Mark& mark : log.marks) {
    if (mark.at >= Time{}) origin = std::min(origin, mark.at);
  }
  std::ranges::copy_if(log.marks, std::back_inserter(marks_),
                       [origin](const Mark& mark) { return mark.at >= origin && mark.at - origin <= run_max; });
  index_exchanges(origin);
  // By name, not by its number: a log that was written and read again may number its names anew.
  std::ranges::sort(marks_, {}, [&](const Mark& mark) {
    return std::tuple(mark.at, rank(mark.kind), mark.kind, log_.names.name_of(mark.name));
  });
  read_marks(scenario);
  attribution_ = Attribution(ingress_, std::min(healthy_end_, phases_.front().end));
  share_out_requests();
}

// What the versions beside the candidate answered, and what comparing answers found.
void View::index_beside(Time origin) {
  for (const std::string_view party : {baseline_party, second_baseline_party}) {
    const events::NameId id = log_.names.find(party);
    if (id == 0) continue;
    std::vector<const Exchange*> answers;
    for (const Exchange& exchange : log_.exchanges) {
      const bool its = exchange.side == events::Side::ingress && exchange.party == id;
      if (its && plausible(exchange, origin)) answers.push_back(&exchange);
    }
    if (answers.empty()) continue;
    std::ranges::sort(answers, [](const Exchange* a, const Exchange* b) {
      return std::tie(a->request, a->intended, a->end) < std::tie(b->request, b->intended, b->end);
    });
    beside_.emplace(party, std::move(answers));
  }
  for (const events::AnswerDifference& difference : log_.differences) differences_.push_back(&difference);
  // By name, not by its number, as with the marks.
  std::ranges::sort(differences_, [&](const auto* a, const auto* b) {
    const auto key = [&](const events::AnswerDifference& one) {
      return std::tuple(one.request, log_.names.name_of(one.party), log_.names.name_of(one.path), one.change,
                        log_.names.name_of(one.detail));
    };
    return key(*a) < key(*b);
  });
}

const Exchange* View::beside(std::string_view party, std::uint64_t request) const {
  const auto answers = beside_.find(party);
  if (answers == beside_.end()) return nullptr;
  const auto found = std::ranges::lower_bound(answers->second, request, {}, &Exchange::request);
  return found == answers->second.end() || (*found)->request != request ? nullptr : *found;
}

std::span<const events::AnswerDifference* const> View::differences(std::string_view party,
                                                                   std::uint64_t request) const {
  const auto key = [&](const events::AnswerDifference* one) {
    return std::tuple(one->request, log_.names.name_of(one->party));
  };
  const auto found = std::ranges::equal_range(differences_, std::tuple(request, party), {}, key);
  return {found.begin(), found.end()};
}

void View::index_exchanges(Time origin) {
  index_beside(origin);
  std::unordered_set<events::TraceId, TraceHash> traces_beside;
  for (const auto& [party, answers] : beside_) {
    for (const Exchange* answer : answers) {
      if (answer->trace.none()) continue;
      traces_beside.insert(answer->trace);
      if (const events::TraceId half = half_of(answer->trace); !half.none()) traces_beside.insert(half);
    }
  }
  Calls calls_beside;
  const events::NameId candidate = log_.names.find(candidate_party);
  for (const Exchange& exchange : log_.exchanges) {
    if (!plausible(exchange, origin)) continue;
    last_event_ = std::max(last_event_, exchange.intended);
    if (exchange.side == events::Side::egress && traces_beside.contains(exchange.trace))
      calls_beside.emplace(exchange.party, exchange.request);
    else if (exchange.side == events::Side::egress) egress_[exchange.party].push_back(&exchange);
    else if (candidate != 0 && exchange.party == candidate) ingress_.push_back(&exchange);
  }
  std::ranges::sort(ingress_, [](const Exchange* a, const Exchange* b) {
    return std::tie(a->intended, a->request, a->start, a->end) < std::tie(b->intended, b->request, b->start, b->end);
  });
  for (auto& [party, calls] : egress_) {
    std::ranges::sort(calls, [](const Exchange* a, const Exchange* b) {
      return std::tie(a->start, a->request, a->end) < std::tie(b->start, b->request, b->end);
    });
  }
  correlate();
  index_faults(calls_beside);
}

void View::index_faults(const Calls& calls_beside) {
  for (const events::FaultFired& fault : log_.faults) {
    if (!events::acted(fault)) continue;
    const bool beside =
        calls_beside.contains({fault.party, fault.request}) || is_beside(log_.names.name_of(fault.party));
    ++(beside ? fired_beside_ : fired_)[fault.rule];
  }
}

// The table is only asked for single ids: its order never shows. Of two requests with one id the first counts.
void View::correlate() {
  std::unordered_map<events::TraceId, std::uint32_t, TraceHash> requests;
  requests.reserve(ingress_.size());
  for (std::size_t place = 0; place < ingress_.size(); ++place) {
    if (!ingress_[place]->trace.none()) requests.emplace(ingress_[place]->trace, static_cast<std::uint32_t>(place));
  }
  std::unordered_map<events::TraceId, std::uint32_t, TraceHash> halves;  // made when the first call asks for it
  for (const auto& [party, calls] : egress_) {
    std::vector<std::uint32_t>& callers = callers_[party];
    callers.reserve(calls.size());
    for (const Exchange* call : calls) {
      auto found = call->trace.none() ? requests.end() : requests.find(call->trace);
      if (found != requests.end() || call->trace.none() || half_of(call->trace) != call->trace) {
        callers.push_back(found == requests.end() ? nobody : found->second);
        continue;
      }
      if (halves.empty()) {
        for (std::size_t place = 0; place < ingress_.size(); ++place)
          halves.emplace(half_of(ingress_[place]->trace), static_cast<std::uint32_t>(place));
      }
      found = halves.find(call->trace);
      callers.push_back(found == halves.end() ? nobody : found->second);
    }
  }
}

void View::read_marks(const scenarios::Scenario& scenario) {
  for (const Mark& mark : marks_) {
    last_event_ = std::max(last_event_, mark.at);
    if (mark.kind == MarkKind::aborted && !aborted_at_) {
      aborted_at_ = mark.at;
      aborted_because_ = log_.names.name_of(mark.name);
    }
  }
  std::size_t next_mark = 0;
  place(scenario.steady_state, next_mark);
  for (const scenarios::Phase& phase : scenario.phases) place(phase, next_mark);
  healthy_begin_ = traffic_begin_ = phases_.front().begin;
  const auto began = std::ranges::find(marks_, MarkKind::traffic_begin, &Mark::kind);
  if (began != marks_.end()) traffic_begin_ = began->at;
  healthy_end_ = last_event_ + Nanoseconds(1);
  if (const auto first = faults_on_after(healthy_begin_)) healthy_end_ = *first;
}

// Marks are consumed in order, so that two phases of one name stay two.
void View::place(const scenarios::Phase& plan, std::size_t& next_mark) {
  PhaseWindow& window = phases_.emplace_back();
  window.plan = &plan;
  const auto named = [&](const Mark& mark, MarkKind kind) {
    return mark.kind == kind && log_.names.name_of(mark.name) == plan.name;
  };
  std::size_t at = next_mark;
  while (at < marks_.size() && !named(marks_[at], MarkKind::phase_begin)) ++at;
  if (at == marks_.size()) return;
  window.reached = true;
  window.begin = marks_[at].at;
  next_mark = at + 1;
  std::optional<Time> ended;
  // The runner may switch the faults an instant before it marks the phase, or after its end.
  for (std::size_t before = at; before > 0 && marks_[before - 1].kind != MarkKind::phase_end; --before) {
    if (named(marks_[before - 1], MarkKind::faults_on)) window.faults_on = marks_[before - 1].at;
  }
  for (std::size_t after = at + 1; after < marks_.size() && !named(marks_[after], MarkKind::phase_begin); ++after) {
    const Mark& mark = marks_[after];
    if (!ended && named(mark, MarkKind::phase_end)) ended = mark.at;
    if (!window.faults_on && named(mark, MarkKind::faults_on)) window.faults_on = mark.at;
    if (!window.faults_off && window.faults_on && named(mark, MarkKind::faults_off)) window.faults_off = mark.at;
  }
  window.end = ended.value_or(std::max(window.begin, aborted_at_.value_or(last_event_ + Nanoseconds(1))));
  const auto lasted = window.end - window.begin;
  const bool whole = static_cast<double>(lasted.count()) >= whole_share * static_cast<double>(plan.duration.count());
  if (!ended || !whole) {
    window.cut_short =
        aborted_because_.empty() ? "the run ended in the middle of the phase" : std::string(aborted_because_);
  }
}

void View::share_out_requests() {
  std::size_t sent_in = 0;
  for (const Exchange* request : ingress_) {
    while (sent_in < phases_.size() && (!phases_[sent_in].reached || phases_[sent_in].end <= request->intended))
      ++sent_in;
    if (sent_in == phases_.size()) break;
    if (request->intended < phases_[sent_in].begin) continue;
    std::size_t felt_in = sent_in;
    for (std::size_t later = sent_in + 1; later < phases_.size(); ++later) {
      const auto on = phases_[later].faults_on;
      if (on && request->start < *on && request->end > *on && *on - request->start <= attribution_.patience())
        felt_in = later;
    }
    phases_[felt_in].requests.push_back(request);
  }
}

Exchanges View::ingress_between(Time from, Time to) const {
  const auto before = [](const Exchange* exchange, Time when) { return exchange->intended < when; };
  const auto first = std::lower_bound(ingress_.begin(), ingress_.end(), from, before);
  const auto last = std::lower_bound(first, ingress_.end(), std::max(from, to), before);
  return {first, last};
}

Exchanges View::egress_of(std::string_view dependency) const {
  const auto found = egress_.find(log_.names.find(dependency));
  if (dependency.empty() || found == egress_.end() || found->first == 0) return {};
  return found->second;
}

std::span<const std::uint32_t> View::callers_of(std::string_view dependency) const {
  const auto found = callers_.find(log_.names.find(dependency));
  if (dependency.empty() || found == callers_.end() || found->first == 0) return {};
  return found->second;
}

std::uint64_t View::fired(std::string_view rule) const {
  const events::NameId id = log_.names.find(rule);
  const auto found = fired_.find(id);
  return id == 0 || found == fired_.end() ? 0 : found->second;
}

std::uint64_t View::fired_beside(std::string_view rule) const {
  const auto found = fired_beside_.find(log_.names.find(rule));
  return found == fired_beside_.end() || found->first == 0 ? 0 : found->second;
}

std::optional<Time> View::healed_before(Time when) const {
  std::optional<Time> healed;
  for (const Mark& mark : marks_) {
    if (mark.kind == MarkKind::faults_off && mark.at <= when) healed = mark.at;
  }
  return healed;
}

std::optional<Time> View::faults_on_after(Time when) const {
  for (const Mark& mark : marks_) {
    if (mark.kind == MarkKind::faults_on && mark.at > when) return mark.at;
  }
  return std::nullopt;
}

}  // namespace stormproof::verify
