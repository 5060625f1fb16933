#include "tests/verify/simulation.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <deque>
#include <map>
#include <queue>
#include <random>

namespace stormproof::verify::simulation {
namespace {

using events::Exchange;
using std::chrono::microseconds;
using std::chrono::milliseconds;

enum class State : std::uint8_t { closed, open, half_open };

class Model {
 public:
  explicit Model(const Experiment& experiment)
      : experiment_(experiment),
        random_(experiment.seed),
        units_(static_cast<std::size_t>(std::max(1, experiment.instances))) {}

  Run run() {
    plan();
    while (!queue_.empty()) {
      const Event event = queue_.top();
      queue_.pop();
      now_ = event.at;
      switch (event.kind) {
        case Kind::arrive: arrive(); break;
        case Kind::decide: decide(event.subject); break;
        case Kind::done: done(event.subject); break;
      }
    }
    run_.truth.closed_at_end = std::ranges::all_of(units_, [](const Unit& one) { return one.state == State::closed; });
    return std::move(run_);
  }

 private:
  enum class Kind : std::uint8_t { arrive, decide, done };
  struct Event {
    Time at;
    std::uint64_t order;
    Kind kind;
    std::size_t subject;
    bool operator<(const Event& other) const { return std::tie(at, order) > std::tie(other.at, other.order); }
  };
  struct Operation {  // one request's way through the breaker
    std::size_t request = 0;
    int attempt = 0;
    std::uint64_t epoch = 0;  // of the breaker when it was let in
    bool probe = false;
    bool past = false;     // went around the breaker
    std::size_t call = 0;  // in the log
    bool good = false;
    std::size_t instance = 0;
    bool beside = false;  // calls the other host
  };

  struct Unit {  // the breaker of an instance
    State state = State::closed;
    std::uint64_t epoch = 0;
    Time reopens{};
    Time probe_over{};
    int probing = 0;
    int succeeded = 0;
    int in_row = 0;
    int openings = 0;
    bool refused = false;  // since it opened
    std::deque<std::pair<Time, bool>> outcomes = {};
  };
  Unit& own() { return units_[current_]; }

  double unit() { return std::uniform_real_distribution<double>(0, 1)(random_); }
  Nanoseconds around(Nanoseconds middle, double spread) {
    const double factor = std::exp(spread * std::normal_distribution<double>(0, 1)(random_));
    return Nanoseconds(std::llround(static_cast<double>(middle.count()) * factor));
  }
  Nanoseconds backoff(int attempt) {
    const double scale =
        std::pow(experiment_.backoff_factor, attempt - 1) * (1 + experiment_.backoff_jitter * (2 * unit() - 1));
    return Nanoseconds(std::llround(static_cast<double>(experiment_.backoff.count()) * scale));
  }
  void at(Time when, Kind kind, std::size_t subject) { queue_.push({when, ++order_, kind, subject}); }

  void plan() {
    events::Log& log = run_.log;
    const Time begin = Time(std::chrono::seconds(1'700'000'000));
    run_.faults_on = begin + experiment_.steady;
    run_.faults_off = run_.faults_on + experiment_.outage;
    end_ = run_.faults_off + experiment_.recovery;
    log.mark(begin, events::MarkKind::traffic_begin, "");
    log.mark(begin, events::MarkKind::phase_begin, "steady state");
    log.mark(run_.faults_on, events::MarkKind::phase_end, "steady state");
    log.mark(run_.faults_on, events::MarkKind::phase_begin, "outage");
    log.mark(run_.faults_on, events::MarkKind::faults_on, "outage");
    log.mark(run_.faults_off, events::MarkKind::faults_off, "outage");
    log.mark(run_.faults_off, events::MarkKind::phase_end, "outage");
    log.mark(run_.faults_off, events::MarkKind::phase_begin, "recovery");
    log.mark(end_, events::MarkKind::phase_end, "recovery");
    log.mark(end_, events::MarkKind::traffic_end, "");
    candidate_ = log.names.id_of("candidate");
    payments_ = log.names.id_of(dependency);
    rule_ = log.names.id_of("outage#1");
    calling_ = log.names.id_of("POST /orders");
    other_ = log.names.id_of("GET /health");
    charge_ = log.names.id_of("POST /charge");
    if (experiment_.beside > 0) payments_b_ = log.names.id_of(other_host), beside_ = log.names.id_of("POST /refunds");
    at(begin + gap(), Kind::arrive, 0);
  }

  Nanoseconds gap() {
    const double mean = 1e9 / experiment_.per_second;
    return Nanoseconds(
        std::llround(experiment_.poisson ? std::exponential_distribution<double>(1 / mean)(random_) : mean));
  }

  void arrive() {
    if (now_ >= end_) return;
    at(now_ + gap(), Kind::arrive, 0);
    Exchange request{.side = events::Side::ingress, .party = candidate_, .route = calling_, .trace = {}};
    request.request = ++requests_;
    request.intended = now_;
    request.start = now_ + microseconds(40);
    std::memcpy(request.trace.bytes.data(), &requests_, sizeof requests_);
    const bool elsewhere = unit() < experiment_.other_class;
    const bool missed = unit() < experiment_.healthy_misses;
    if (elsewhere) request.route = other_;
    request.end = request.start + around(milliseconds(1), 0.3);
    request.status = 200;
    run_.log.exchanges.push_back(request);
    const bool beside = elsewhere && experiment_.beside > 0 && unit() < experiment_.beside;
    if (beside) run_.log.exchanges.back().route = beside_;
    if ((elsewhere && !beside) || missed) return;
    operations_.push_back({.request = run_.log.exchanges.size() - 1, .beside = beside});
    if (units_.size() > 1)
      operations_.back().instance = static_cast<std::size_t>(unit() * static_cast<double>(units_.size()));
    at(request.start + around(microseconds(500), 0.5), Kind::decide, operations_.size() - 1);
  }

  // Closed-form breaker: whether a call may go now.
  bool admit(Operation& operation) {
    const Breaker& breaker = experiment_.breaker;
    if (breaker.defect == Defect::never_opens) return true;
    if (own().state == State::open && now_ >= own().reopens && breaker.defect != Defect::never_half_opens) {
      own().state = State::half_open;
      own().probing = 0;
      own().succeeded = 0;
    }
    operation.epoch = own().epoch;
    if (own().state == State::closed) return true;
    if (own().state == State::half_open && own().probing < breaker.width) {
      ++own().probing;
      operation.probe = true;
      run_.truth.probes.push_back(now_);
      return true;
    }
    const bool leak = own().state == State::open && leaks();
    if (leak || breaker.defect == Defect::retry_bypass) {
      if (own().state == State::open) run_.truth.leaked.push_back(now_);
      if (own().state == State::open && own().refused) run_.truth.leaked_between.push_back(now_);
      operation.past = true;
      return true;
    }
    return false;
  }

  bool leaks() {
    const Breaker& breaker = experiment_.breaker;
    switch (breaker.defect) {
      case Defect::leaks: return unit() < breaker.leak_share;
      case Defect::leaks_by_count: return ++refused_ % breaker.leak_every == 0;
      case Defect::leaks_in_bursts: return ++refused_ % breaker.leak_every < breaker.leak_together;
      case Defect::opens_late: return now_ < run_.truth.opened.back() + breaker.late_by;
      default: return false;
    }
  }

  void decide(std::size_t subject) {
    Operation& operation = operations_[subject];
    current_ = operation.instance;
    if (operation.beside) return decide_beside(operation, subject);
    Exchange& request = run_.log.exchanges[operation.request];
    if (operation.attempt == 0 && !admit(operation)) {
      request.status = 503;
      own().refused = true;
      const bool queues = experiment_.breaker.queues_behind_probe && own().state == State::half_open;
      const Time from = queues ? std::max(now_, own().probe_over) : now_;
      request.end = from + around(experiment_.breaker.rejects_in, 0.5);
      return;
    }
    ++operation.attempt;
    Exchange call{.side = events::Side::egress,
                  .outcome = events::Outcome::answered,
                  .status = 200,
                  .party = payments_,
                  .route = charge_,
                  .trace = {}};
    call.request = ++calls_;
    call.start = call.intended = now_ + around(microseconds(150), 0.5);
    if (experiment_.correlated) call.trace = request.trace;
    Nanoseconds took = around(milliseconds(5), experiment_.latency_spread);
    operation.good = unit() >= experiment_.background_errors;
    if (!operation.good) call.status = 500;
    else if (experiment_.missing > 0 && unit() < experiment_.missing) call.status = 404;
    if (call.start >= run_.faults_on && call.start < run_.faults_off && unit() < experiment_.share)
      inject(call, took, operation.good);
    call.end = call.start + took;
    if (took >= experiment_.timeout) {
      call.outcome = events::Outcome::cancelled;
      call.status = 0;
      call.end = call.start + experiment_.timeout;
      operation.good = false;
    }
    run_.log.exchanges.push_back(call);
    if (operation.probe) own().probe_over = call.end;
    at(call.end + around(microseconds(100), 0.5), Kind::done, subject);
  }

  void decide_beside(Operation& operation, std::size_t subject) {
    Exchange& request = run_.log.exchanges[operation.request];
    if (experiment_.opens_for_all && own().state != State::closed) {
      request.status = 503;
      request.end = now_ + around(experiment_.breaker.rejects_in, 0.5);
      return;
    }
    Exchange call{.side = events::Side::egress, .status = 200, .party = payments_b_, .route = charge_, .trace = {}};
    call.request = ++calls_;
    call.start = call.intended = now_ + around(microseconds(150), 0.5);
    if (experiment_.correlated) call.trace = request.trace;
    call.end = call.start + around(milliseconds(5), experiment_.latency_spread);
    operation.good = true;
    run_.log.exchanges.push_back(call);
    at(call.end + around(microseconds(100), 0.5), Kind::done, subject);
  }

  void inject(Exchange& call, Nanoseconds& took, bool& good) {
    call.fault = rule_;
    run_.log.faults.push_back(
        {.at = call.start, .rule = rule_, .party = payments_, .request = call.request, .status = 503});
    if (experiment_.failing == Failing::fast) {
      call.outcome = events::Outcome::faulted;
      call.status = 503;
      took = around(microseconds(300), 0.3);
      good = false;
    } else if (experiment_.failing == Failing::hanging) {
      took = std::chrono::hours(1);
    } else {
      // Nine of ten are later than the client waits; the others come late, but come.
      took = unit() < 0.9 ? Nanoseconds(std::chrono::hours(1))
                          : Nanoseconds(std::llround(unit() * 0.9 * static_cast<double>(experiment_.timeout.count())));
      good = true;
      call.status = 200;
    }
  }

  void done(std::size_t subject) {
    Operation& operation = operations_[subject];
    current_ = operation.instance;
    if (!operation.good && operation.attempt < experiment_.attempts) {
      at(now_ + backoff(operation.attempt), Kind::decide, subject);
      return;
    }
    Exchange& request = run_.log.exchanges[operation.request];
    request.status = operation.good ? 200 : 502;
    request.end = now_ + around(microseconds(300), 0.5);
    if (!operation.past && !operation.beside) learn(operation);
  }

  void learn(const Operation& operation) {
    const Breaker& breaker = experiment_.breaker;
    if (breaker.defect == Defect::never_opens) return;
    if (operation.epoch != own().epoch) {  // a straggler
      if (breaker.defect == Defect::closes_on_straggler && operation.good && own().state != State::closed) {
        if (own().state == State::open) run_.truth.straggled.push_back(now_ - run_.truth.opened.back());
        close();
      }
      return;
    }
    if (own().state == State::half_open && operation.probe) {
      --own().probing;
      if (!operation.good) open();
      else if (++own().succeeded >= breaker.successes && breaker.defect == Defect::stuck_half_open) reopen_later();
      else if (own().succeeded >= breaker.successes) close();
      return;
    }
    if (own().state == State::closed) judge_failure(operation.good);
  }

  void judge_failure(bool good) {
    const Breaker& breaker = experiment_.breaker;
    own().in_row = good ? 0 : own().in_row + 1;
    if (breaker.consecutive > 0) {
      if (own().in_row >= breaker.consecutive) open();
      return;
    }
    own().outcomes.emplace_back(now_, good);
    while (own().outcomes.front().first + breaker.rate_window < now_) own().outcomes.pop_front();
    const auto bad = std::ranges::count(own().outcomes, false, &std::pair<Time, bool>::second);
    if (std::ssize(own().outcomes) >= breaker.volume &&
        static_cast<double>(bad) >= breaker.rate * static_cast<double>(own().outcomes.size()))
      open();
  }

  void open() {
    const Breaker& breaker = experiment_.breaker;
    own().state = State::open;
    own().refused = false;
    ++own().epoch;
    double scale = 1;
    if (breaker.growth == Growth::factor) scale = std::pow(breaker.factor, own().openings);
    if (breaker.growth == Growth::linear) scale = 1 + (breaker.factor - 1) * own().openings;
    if (breaker.jitter > 0) scale *= 1 + breaker.jitter * (2 * unit() - 1);
    ++own().openings;
    const Nanoseconds sleep(std::llround(static_cast<double>(breaker.sleep.count()) * scale));
    own().reopens = now_ + sleep;
    run_.truth.opened.push_back(now_);
    run_.truth.sleeps.push_back(sleep);
  }

  // The defect: a success in half-open only makes it wait for the next.
  void reopen_later() {
    own().state = State::open;
    ++own().epoch;
    own().reopens = now_ + experiment_.breaker.sleep;
  }

  void close() {
    own().state = State::closed;
    ++own().epoch;
    own().in_row = 0;
    own().openings = 0;
    own().outcomes.clear();
  }

  const Experiment& experiment_;
  std::mt19937_64 random_;
  Run run_;
  Time now_{};
  Time end_{};
  std::priority_queue<Event> queue_;
  std::uint64_t order_ = 0;
  std::uint64_t requests_ = 0;
  std::uint64_t calls_ = 0;
  int refused_ = 0;
  std::deque<Operation> operations_;
  events::NameId candidate_ = 0, payments_ = 0, rule_ = 0, calling_ = 0, other_ = 0, charge_ = 0, payments_b_ = 0,
                 beside_ = 0;
  std::vector<Unit> units_;  // one an instance
  std::size_t current_ = 0;
};

}  // namespace

Run simulate(const Experiment& experiment) { return Model(experiment).run(); }

scenarios::Scenario scenario_of(const Experiment& experiment, const scenarios::BreakerExpectation& in_outage,
                                const scenarios::BreakerExpectation& in_recovery) {
  scenarios::Scenario scenario;
  scenario.steady_state = {.name = "steady state", .duration = experiment.steady, .faults = {}, .expect = {}};
  scenarios::Fault fault{.id = "outage#1",
                         .on = std::string(dependency),
                         .latency = {},
                         .abort = {},
                         .share = experiment.share,
                         .methods = {},
                         .paths = {}};
  if (experiment.failing == Failing::fast) fault.abort = scenarios::AbortFault{};
  else fault.latency = scenarios::LatencyFault{.base = std::chrono::hours(1), .jitter = Nanoseconds(0)};
  scenario.phases.push_back({.name = "outage",
                             .duration = experiment.outage,
                             .faults = {fault},
                             .expect = {{.what = in_outage, .text = "circuit-breaker", .line = 20}}});
  scenario.phases.push_back({.name = "recovery",
                             .duration = experiment.recovery,
                             .faults = {},
                             .expect = {{.what = in_recovery, .text = "circuit-breaker", .line = 30}}});
  return scenario;
}

}  // namespace stormproof::verify::simulation
