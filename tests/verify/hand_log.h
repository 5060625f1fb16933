// HandLog: a log written by hand, in milliseconds from the start of the run.
#pragma once

#include <cmath>
#include <cstring>
#include <string>

#include "harness/events/log.h"
#include "scenarios/model.h"

namespace stormproof::verify {

inline base::Time ms(double milliseconds) {
  return base::Time(std::chrono::seconds(1000)) + base::Nanoseconds(std::llround(milliseconds * 1e6));
}
inline base::Nanoseconds of_ms(double milliseconds) { return base::Nanoseconds(std::llround(milliseconds * 1e6)); }

class HandLog {
 public:
  events::Log log;

  events::Exchange& request(double at, double took, std::uint16_t status = 200, std::string_view route = "GET /a") {
    events::Exchange exchange;
    exchange.party = log.names.id_of("candidate");
    exchange.route = log.names.id_of(route);
    exchange.request = ++requests_;
    std::memcpy(exchange.trace.bytes.data(), &requests_, sizeof requests_);
    exchange.intended = exchange.start = ms(at);
    exchange.end = ms(at + took);
    exchange.status = status;
    if (status == 0) exchange.outcome = events::Outcome::reset;
    return log.exchanges.emplace_back(exchange);
  }

  // A call made by the last request; with a rule, a fault answered it.
  events::Exchange& call(double at, double took, std::uint16_t status = 200, std::string_view rule = "") {
    events::Exchange exchange;
    exchange.side = events::Side::egress;
    exchange.party = log.names.id_of("payments");
    exchange.route = log.names.id_of("POST /charge");
    exchange.request = ++calls_;
    std::memcpy(exchange.trace.bytes.data(), &requests_, sizeof requests_);
    exchange.intended = exchange.start = ms(at);
    exchange.end = ms(at + took);
    exchange.status = status;
    if (!rule.empty()) {
      exchange.fault = log.names.id_of(rule);
      exchange.outcome = events::Outcome::faulted;
      log.faults.push_back({.at = exchange.start,
                            .rule = exchange.fault,
                            .party = exchange.party,
                            .request = exchange.request,
                            .status = status});
    }
    return log.exchanges.emplace_back(exchange);
  }

  void phase(double from, double to, std::string_view name) {
    log.mark(ms(from), events::MarkKind::phase_begin, name);
    log.mark(ms(to), events::MarkKind::phase_end, name);
  }
  void faults(double from, double to, std::string_view phase) {
    log.mark(ms(from), events::MarkKind::faults_on, phase);
    log.mark(ms(to), events::MarkKind::faults_off, phase);
  }

 private:
  std::uint64_t requests_ = 0;
  std::uint64_t calls_ = 0;
};

// A scenario with a steady state and the phases that are added.
class HandScenario {
 public:
  scenarios::Scenario scenario;
  explicit HandScenario(double steady_ms) { scenario.steady_state = phase_of("steady state", steady_ms); }

  scenarios::Phase& add(std::string name, double duration_ms) {
    return scenario.phases.emplace_back(phase_of(std::move(name), duration_ms));
  }

  static scenarios::Phase phase_of(std::string name, double duration_ms) {
    scenarios::Phase phase;
    phase.name = std::move(name);
    phase.duration = of_ms(duration_ms);
    return phase;
  }
  static scenarios::Fault fault(std::string id) {
    scenarios::Fault fault;
    fault.id = std::move(id);
    fault.on = "payments";
    fault.abort = scenarios::AbortFault{};
    return fault;
  }
};

}  // namespace stormproof::verify
