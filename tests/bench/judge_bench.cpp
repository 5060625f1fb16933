// What it costs to judge a long run: a million events, and one expectation of every kind.
//
// The limits: 2 s and 512 MiB, the log itself included. Time is the process's own CPU time.

#include <fmt/format.h>
#include <sys/resource.h>

#include <ctime>

#include "harness/verify/judge.h"
#include "tests/verify/client_simulation.h"

using namespace stormproof;
using namespace stormproof::verify;

namespace {

double cpu_seconds() {
  timespec time = {};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

double resident_mib() {
  rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

scenarios::Expectation expects(decltype(scenarios::Expectation::what) what) {
  return {.what = std::move(what), .text = "", .line = 1};
}

scenarios::BreakerExpectation breaker() {
  scenarios::BreakerExpectation breaker;
  breaker.on = "payments";
  breaker.opens_within = std::chrono::seconds(3);
  breaker.leaks_at_most = 0;
  return breaker;
}

void all_expectations(scenarios::Scenario& scenario) {
  using namespace scenarios;
  using std::chrono::seconds;
  scenario.phases[0].expect = {
      expects(ErrorsExpectation{.at_most = 0.5}),
      expects(LatencyExpectation{.limits = {{0.99, seconds(1)}}}),
      expects(breaker()),
      expects(TimeoutExpectation{.on = "payments", .gives_up_within = seconds(1), .leaks_at_most = 0}),
      expects(RetriesExpectation{.on = "payments", .attempts_at_most = 3, .amplification_at_most = 3}),
      expects(RateLimitExpectation{.rate_per_second = 1000, .burst = 100}),
      expects(TraceExpectation{.on = "payments"})};
  scenario.phases[1].expect = {expects(RecoversExpectation{.within = seconds(1)})};
}

}  // namespace

int main() {
  simulation::Client client;
  client.per_second = 4500;
  client.steady = std::chrono::seconds(50);
  client.outage = std::chrono::seconds(50);
  client.attempts = 2;
  client.writes = 0.5;
  client.ailing = simulation::Ailing::hanging;
  const events::Log log = simulation::simulate(client);
  scenarios::Scenario scenario = simulation::scenario_of(client, scenarios::TraceExpectation{.on = "payments"});
  const double held = resident_mib();
  for (const bool all : {false, true}) {
    if (all) all_expectations(scenario);
    const double begin = cpu_seconds();
    const auto findings = judge(log, scenario);
    fmt::print("{} events, {} expectations: {:.2f} s of CPU; {:.0f} MiB at most, {:.0f} of them the log\n",
               log.exchanges.size() + log.faults.size(), findings.size(), cpu_seconds() - begin, resident_mib(), held);
  }
}
