// RunLog: a log written request by request, in milliseconds: what simulated services of several mechanisms share.
//
// Three phases: "steady state", "hurt" with a fault on the dependencies that it is told, and "after". Requests and calls are
// named by their place in the log, so that they may be ended later. No clock, no thread.
#pragma once

#include <cstring>
#include <string>
#include <vector>

#include "harness/verify/judge.h"
#include "tests/verify/hand_log.h"
#include "tests/verify/properties.h"

namespace stormproof::verify {

class RunLog {
 public:
  double steady_ms = 5000;
  double hurt_ms = 10000;
  double after_ms = 5000;
  bool traced = true;
  double lag_ms = 0.04;  // of the generator
  Dice dice;
  events::Log log;

  explicit RunLog(int seed) : dice(seed) {}

  double hurt_from() const { return steady_ms; }
  double hurt_to() const { return steady_ms + hurt_ms; }
  double end() const { return steady_ms + hurt_ms + after_ms; }
  bool hurts(double at) const { return at >= hurt_from() && at < hurt_to(); }

  // From one arrival to the next: even, or as independent users make them.
  double gap(double per_second, bool poisson) {
    return 1000 / per_second * (poisson ? std::exponential_distribution<double>(1)(dice.engine) : 1);
  }
  double around(double middle, double spread = 0.3) {
    return middle * std::exp(spread * std::normal_distribution<double>(0, 1)(dice.engine));
  }

  std::size_t request(double at, std::string_view route = "GET /a") {
    events::Exchange exchange{.status = 200, .party = log.names.id_of("candidate"), .trace = {}};
    exchange.route = log.names.id_of(route);
    exchange.request = ++requests_;
    std::memcpy(exchange.trace.bytes.data(), &requests_, sizeof requests_);
    exchange.intended = ms(at);
    exchange.start = ms(at + lag_ms);
    exchange.end = exchange.start;
    log.exchanges.push_back(exchange);
    return log.exchanges.size() - 1;
  }
  void answer(std::size_t request, double at, std::uint16_t status) {
    log.exchanges[request].end = std::max(log.exchanges[request].start, ms(at));
    log.exchanges[request].status = status;
    if (status == 0) log.exchanges[request].outcome = events::Outcome::reset;
  }

  // With status 0 the service gives it up. `request` may be `of_nobody`: a health check.
  static constexpr std::size_t of_nobody = SIZE_MAX;
  std::size_t call(std::size_t request, double from, double to, std::uint16_t status = 200,
                   std::string_view party = "payments", bool hurt = false) {
    events::Exchange exchange{
        .side = events::Side::egress, .status = status, .party = log.names.id_of(party), .trace = {}};
    exchange.route = log.names.id_of("POST /charge");
    exchange.request = ++calls_;
    if (traced && request != of_nobody) exchange.trace = log.exchanges[request].trace;
    exchange.intended = exchange.start = ms(from);
    exchange.end = ms(to);
    if (status == 0) exchange.outcome = events::Outcome::cancelled;
    if (hurt) {
      exchange.fault = log.names.id_of(rule_of(party));
      if (status != 0) exchange.outcome = events::Outcome::faulted;
      log.faults.push_back(
          {.at = exchange.start, .rule = exchange.fault, .party = exchange.party, .request = exchange.request});
    }
    log.exchanges.push_back(exchange);
    return log.exchanges.size() - 1;
  }

  // The whole scenario; the expectation stands in "hurt" or, with `in_after`, in "after".
  scenarios::Scenario scenario(const std::vector<std::string>& hurt, const decltype(scenarios::Expectation::what)& what,
                               bool in_after = false) const {
    HandScenario plan(steady_ms);
    scenarios::Phase& phase = plan.add("hurt", hurt_ms);
    for (const std::string& name : hurt) {
      phase.faults.push_back(HandScenario::fault(rule_of(name)));
      phase.faults.back().on = name;
    }
    plan.add("after", after_ms);
    plan.scenario.traffic.poisson_per_second = 100;
    plan.scenario.phases[in_after ? 1 : 0].expect = {{.what = what, .text = "expectation", .line = 20}};
    return plan.scenario;
  }

  // `faulted`: a fault was on in "hurt".
  void mark(bool faulted = true) {
    const auto phase = [&](double from, double to, std::string_view name) {
      log.mark(ms(from), events::MarkKind::phase_begin, name);
      log.mark(ms(to), events::MarkKind::phase_end, name);
    };
    log.mark(ms(0), events::MarkKind::traffic_begin, "");
    phase(0, steady_ms, "steady state");
    phase(hurt_from(), hurt_to(), "hurt");
    if (faulted) {
      log.mark(ms(hurt_from()), events::MarkKind::faults_on, "hurt");
      log.mark(ms(hurt_to()), events::MarkKind::faults_off, "hurt");
    }
    phase(hurt_to(), end(), "after");
  }

  static std::string rule_of(std::string_view party) { return "hurt#" + std::string(party); }

 private:
  std::uint64_t requests_ = 0;
  std::uint64_t calls_ = 0;
};

}  // namespace stormproof::verify
