#include "tests/verify/generator_simulation.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <queue>
#include <tuple>

namespace stormproof::verify::simulation {
namespace {

using events::Exchange;
using events::Outcome;

class Machine {
 public:
  explicit Machine(const Load& load) : load_(load), random_(load.seed) {}

  LoadRun run() {
    marks();
    const auto gap = Nanoseconds(std::llround(1e9 / load_.per_second));
    const Nanoseconds end = load_.steady + load_.phase;
    for (Nanoseconds at{0}; at < end; at += gap) expect(at, Kind::due);
    expect(end, Kind::finish);
    expect(end + load_.grace, Kind::stop);
    while (!queue_.empty()) {
      const Event event = queue_.top();
      queue_.pop();
      now_ = awake(event.due);
      switch (event.kind) {
        case Kind::due: due(event.due); break;
        case Kind::answer: ended(event.call, Outcome::answered); break;
        case Kind::timeout: ended(event.call, Outcome::head_timeout); break;
        case Kind::finish: finish(); break;
        case Kind::stop:
          for (std::size_t call = 0; call < calls_.size(); ++call) ended(call, Outcome::cancelled);
          break;
      }
    }
    return std::move(run_);
  }

 private:
  enum class Kind : std::uint8_t { due, answer, timeout, finish, stop };
  struct Event {
    Nanoseconds due;
    std::uint64_t order;
    Kind kind;
    std::size_t call;
    bool operator<(const Event& other) const { return std::tie(due, order) > std::tie(other.due, other.order); }
  };
  struct Waiting {
    std::uint64_t request;
    Nanoseconds intended;
    Nanoseconds taken;
  };
  struct Call {
    Exchange exchange;
    bool over = false;
  };

  Time time(Nanoseconds at) const { return begin_ + at; }
  void expect(Nanoseconds at, Kind kind, std::size_t call = 0) { queue_.push({at, ++order_, kind, call}); }

  // One thread does one thing at a time, and sleeps through the pauses.
  Nanoseconds awake(Nanoseconds due) {
    Nanoseconds at = std::max(due, free_);
    for (const Pause& pause : load_.pauses) {
      if (at >= pause.from && at < pause.from + pause.lasting) at = pause.from + pause.lasting;
    }
    free_ = at + load_.cost;
    return at;
  }

  void marks() {
    const Time middle = time(load_.steady), end = time(load_.steady + load_.phase);
    run_.log.mark(begin_, events::MarkKind::phase_begin, "steady state");
    run_.log.mark(middle, events::MarkKind::phase_end, "steady state");
    run_.log.mark(middle, events::MarkKind::phase_begin, "load");
    run_.log.mark(end, events::MarkKind::phase_end, "load");
    candidate_ = run_.log.names.id_of("candidate");
  }

  void due(Nanoseconds intended) {
    const Waiting waiting{++requests_, intended, now_};
    if (under_way_ < load_.connections_max) {
      ++under_way_;
      send(waiting, false);
    } else {
      line_.push_back(waiting);
    }
  }

  void send(const Waiting& what, bool waited) {
    const std::size_t place = calls_.size();
    calls_.push_back({event_of(what), false});
    Exchange& exchange = calls_.back().exchange;
    exchange.start = time(now_);
    exchange.waited = waited ? now_ - what.taken : Nanoseconds(0);
    if (const auto took = load_.service(now_, random_)) {
      run_.truth.took.push_back(*took);
      expect(now_ + *took, Kind::answer, place);
    } else {
      ++run_.truth.hung;
    }
    expect(now_ + load_.timeout, Kind::timeout, place);
  }

  Exchange event_of(const Waiting& what) const {
    Exchange exchange;
    exchange.party = candidate_;
    exchange.request = what.request;
    exchange.intended = time(what.intended);
    return exchange;
  }

  void ended(std::size_t place, Outcome outcome) {
    if (calls_[place].over) return;
    calls_[place].over = true;
    Exchange& exchange = calls_[place].exchange;
    exchange.outcome = outcome;
    exchange.status = outcome == Outcome::answered ? 200 : 0;
    exchange.end = time(now_);
    run_.log.exchanges.push_back(exchange);
    if (line_.empty()) {
      --under_way_;
      return;
    }
    const Waiting next = line_.front();
    line_.pop_front();
    send(next, true);
  }

  void finish() {
    for (const Waiting& waiting : line_) {
      Exchange exchange = event_of(waiting);
      exchange.outcome = Outcome::held_off;
      exchange.start = exchange.end = time(now_);
      exchange.waited = now_ - waiting.taken;
      run_.log.exchanges.push_back(exchange);
    }
    line_.clear();
  }

  const Load& load_;
  std::mt19937_64 random_;
  LoadRun run_;
  Time begin_ = Time(std::chrono::seconds(1'700'000'000));
  std::priority_queue<Event> queue_;
  std::uint64_t order_ = 0;
  std::uint64_t requests_ = 0;
  Nanoseconds now_{0};
  Nanoseconds free_{0};
  events::NameId candidate_ = 0;
  std::size_t under_way_ = 0;
  std::deque<Waiting> line_;
  std::deque<Call> calls_;
};

}  // namespace

LoadRun simulate(const Load& load) { return Machine(load).run(); }

scenarios::Scenario scenario_of(const Load& load, const std::vector<scenarios::Expectation>& expectations) {
  scenarios::Scenario scenario;
  scenario.steady_state = {.name = "steady state", .duration = load.steady, .faults = {}, .expect = expectations};
  scenario.phases.push_back({.name = "load", .duration = load.phase, .faults = {}, .expect = expectations});
  return scenario;
}

}  // namespace stormproof::verify::simulation
