#include "tests/verify/client_simulation.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <queue>
#include <random>

namespace stormproof::verify::simulation {
namespace {

using base::Time;
using events::Exchange;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

class ClientModel {
 public:
  explicit ClientModel(const Client& client) : client_(client), random_(client.seed) {}

  events::Log run() {
    mark();
    for (Time at = begin_; at < end_; at += gap()) arrive(at);
    while (!queue_.empty()) {
      const Step step = queue_.top();
      queue_.pop();
      call(step);
    }
    return std::move(log_);
  }

 private:
  struct Step {
    Time at{};
    std::size_t request = 0;
    int attempt = 0;  // from 0
    bool operator<(const Step& other) const { return std::tie(at, request) > std::tie(other.at, other.request); }
  };
  struct Request {
    std::size_t place = 0;
    bool write = false;
  };

  double unit() { return std::uniform_real_distribution<double>(0, 1)(random_); }
  Nanoseconds around(Nanoseconds middle) {
    const double scale = std::exp(client_.spread * std::normal_distribution<double>(0, 1)(random_));
    return Nanoseconds(std::llround(static_cast<double>(middle.count()) * scale));
  }
  Nanoseconds gap() {
    return Nanoseconds(std::llround(std::exponential_distribution<double>(client_.per_second / 1e9)(random_)));
  }

  void mark() {
    begin_ = Time(seconds(1'700'000'000));
    on_ = begin_ + client_.steady;
    off_ = on_ + client_.outage;
    end_ = off_ + seconds(2);
    log_.mark(begin_, events::MarkKind::phase_begin, "steady state");
    log_.mark(on_, events::MarkKind::phase_end, "steady state");
    log_.mark(on_, events::MarkKind::phase_begin, "outage");
    log_.mark(on_, events::MarkKind::faults_on, "outage");
    log_.mark(off_, events::MarkKind::faults_off, "outage");
    log_.mark(off_, events::MarkKind::phase_end, "outage");
    log_.mark(off_, events::MarkKind::phase_begin, "recovery");
    log_.mark(end_, events::MarkKind::phase_end, "recovery");
    candidate_ = log_.names.id_of("candidate");
    payments_ = log_.names.id_of("payments");
    rule_ = log_.names.id_of("outage#1");
    body_rule_ = log_.names.id_of("outage#2");
    charge_ = log_.names.id_of("POST /charge");
    quote_ = log_.names.id_of("GET /quote");
    orders_ = log_.names.id_of("POST /orders");
  }

  void arrive(Time at) {
    Exchange request{.side = events::Side::ingress, .status = 200, .party = candidate_, .route = orders_, .trace = {}};
    request.request = ++requests_;
    std::memcpy(request.trace.bytes.data(), &requests_, sizeof requests_);
    request.intended = at;
    request.start = at + microseconds(40);
    log_.exchanges.push_back(request);
    made_.push_back({log_.exchanges.size() - 1, unit() < client_.writes});
    queue_.push({request.start + around(microseconds(500)), made_.size() - 1, 0});
  }

  struct Outcome {
    bool good = true;
    Time seen{};  // by the service
  };

  Outcome meet(Exchange& call) {
    const Nanoseconds healthy = around(milliseconds(5));
    const bool hit = call.start >= on_ && call.start < off_ && unit() < client_.share;
    call.end = call.start + healthy;
    if (!hit) {
      call.first_byte = call.end;
      if (unit() < client_.background_errors) call.status = 500;
      return {call.status < 500, call.end};
    }
    const bool body = client_.ailing == Ailing::mixed && unit() < 0.5;
    call.fault = body ? body_rule_ : rule_;
    log_.faults.push_back({.at = call.start, .rule = call.fault, .party = payments_, .request = call.request});
    if (client_.ailing == Ailing::failing) {
      call.outcome = events::Outcome::faulted;
      call.status = 503;
      call.end = call.first_byte = call.start + around(microseconds(300));
      if (client_.retry_after > 0) call.advice.retry_after = client_.retry_after;
      return {false, call.end};
    }
    return hang(call, healthy, body);
  }

  Outcome hang(Exchange& call, Nanoseconds healthy, bool in_body) {
    const bool headed = in_body || client_.ailing == Ailing::trickling || client_.ailing == Ailing::stalling;
    if (headed) call.first_byte = call.start + healthy;
    const Time released = std::min(call.start + client_.hang, std::max(off_, call.start)) + healthy;
    Nanoseconds patience = client_.timeout;
    const ClientDefect defect = client_.defect;
    if (defect == ClientDefect::gives_up_late) patience += patience / 2;
    const bool forgets = defect == ClientDefect::never_gives_up ||
                         (defect == ClientDefect::forgets_some && unit() < 0.01) ||
                         (defect == ClientDefect::head_only && headed) ||
                         (defect == ClientDefect::connected_only && client_.ailing == Ailing::connecting);
    // Its timer began before the call reached the proxy, and fires a little late.
    const Time tired = call.start - around(microseconds(300)) + patience + around(microseconds(400));
    if (forgets || released <= tired) {
      call.end = released;
      return {true, released};
    }
    const bool leaks = defect == ClientDefect::leaks || (defect == ClientDefect::leaks_some && unit() < 0.05);
    call.outcome = events::Outcome::cancelled;
    call.status = 0;
    call.end = leaks ? std::min(released, end_) : tired;
    if (leaks && released <= end_) call.outcome = events::Outcome::answered, call.status = 200;
    return {false, tired};
  }

  void call(const Step& step) {
    const Request& made = made_[step.request];
    Exchange call{.side = events::Side::egress, .status = 200, .party = payments_, .trace = {}};
    call.route = made.write ? charge_ : quote_;
    call.request = ++calls_;
    call.start = call.intended = step.at + around(microseconds(150));
    if (client_.correlated) call.trace = log_.exchanges[made.place].trace;
    const Outcome outcome = meet(call);
    const auto asked = call.advice.retry_after == events::Advice::not_said ? 0 : call.advice.retry_after;
    // What never connected, the proxy has not seen.
    if (call.fault == 0 || client_.ailing != Ailing::connecting) log_.exchanges.push_back(call);
    if (step.attempt == 0) allowed_ = std::min(allowed_ + client_.budget, 10.0);  // no more is saved up
    const Time known = outcome.seen + around(microseconds(200));
    if (!outcome.good && may_repeat(step, made)) {
      const bool ignores = client_.defect == ClientDefect::ignores_the_answer;
      const Nanoseconds wait = asked > 0 && !ignores ? Nanoseconds(seconds(asked)) : backoff(step.attempt);
      queue_.push({known + wait, step.request, step.attempt + 1});
      return;
    }
    Exchange& request = log_.exchanges[made.place];
    request.status = outcome.good ? 200 : 502;
    request.end = known + around(microseconds(300));
    request.first_byte = request.end;
  }

  bool may_repeat(const Step& step, const Request& made) {
    const ClientDefect defect = client_.defect;
    if (made.write && defect != ClientDefect::repeats_writes) return false;
    const int most = defect == ClientDefect::repeats_for_ever ? 20
                     : defect == ClientDefect::one_more       ? client_.attempts + 1
                                                              : client_.attempts;
    if (step.attempt + 1 >= most) return false;
    if (defect == ClientDefect::no_budget) return true;
    if (allowed_ < 1) return false;
    allowed_ -= 1;
    return true;
  }

  Nanoseconds backoff(int attempt) {
    const double growth = client_.defect == ClientDefect::no_growth ? 1 : client_.factor;
    double scale = std::pow(growth, std::min(attempt, 5));
    if (client_.defect != ClientDefect::no_jitter) scale *= 1 + client_.jitter * (2 * unit() - 1);
    return Nanoseconds(std::llround(static_cast<double>(client_.backoff.count()) * scale));
  }

  const Client& client_;
  std::mt19937_64 random_;
  events::Log log_;
  Time begin_{}, on_{}, off_{}, end_{};
  std::priority_queue<Step> queue_;
  std::vector<Request> made_;
  std::uint64_t requests_ = 0;
  std::uint64_t calls_ = 0;
  double allowed_ = 10;
  events::NameId candidate_ = 0, payments_ = 0, rule_ = 0, body_rule_ = 0, charge_ = 0, quote_ = 0, orders_ = 0;
};

}  // namespace

events::Log simulate(const Client& client) { return ClientModel(client).run(); }

scenarios::Scenario scenario_of(const Client& client, const decltype(scenarios::Expectation::what)& in_outage) {
  scenarios::Scenario scenario;
  scenario.steady_state = {.name = "steady state", .duration = client.steady, .faults = {}, .expect = {}};
  scenarios::Fault fault;
  fault.id = "outage#1";
  fault.on = "payments";
  fault.share = client.share;
  if (client.ailing == Ailing::failing) fault.abort = scenarios::AbortFault{};
  else if (client.ailing == Ailing::trickling) fault.message.slow = scenarios::SlowFault{.body = client.hang};
  else fault.latency = scenarios::LatencyFault{.base = client.hang, .jitter = Nanoseconds(0)};
  std::vector<scenarios::Fault> faults = {fault};
  if (client.ailing == Ailing::mixed) {
    faults.push_back(fault);
    faults.back().id = "outage#2";
  }
  scenario.phases.push_back({.name = "outage",
                             .duration = client.outage,
                             .faults = faults,
                             .expect = {{.what = in_outage, .text = "expectation", .line = 20}}});
  scenario.phases.push_back({.name = "recovery", .duration = std::chrono::seconds(2), .faults = {}, .expect = {}});
  return scenario;
}

}  // namespace stormproof::verify::simulation
