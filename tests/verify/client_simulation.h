// ClientSimulation: a service whose client of a dependency has timeouts and retries, in simulated time.
//
// Pure: one Client gives one log: a steady state, an outage in which the dependency fails or hangs, and a recovery. What a
// harness would have seen goes into the log. No clock, no thread.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "harness/events/log.h"
#include "scenarios/model.h"

namespace stormproof::verify::simulation {

using base::Nanoseconds;

enum class ClientDefect : std::uint8_t {
  none,
  never_gives_up,      // waits until the dependency answers
  gives_up_late,       // half as long again as it says
  forgets_some,        // 1 % of the calls have no timeout
  head_only,           // no timeout once the head has come
  connected_only,      // no timeout while it connects
  leaks,               // answers in time, and lets the call go on
  leaks_some,          // the same with 5 % of the calls
  repeats_for_ever,    // until the request is 20 calls old
  one_more,            // one call more than it says
  repeats_writes,      // also what is not idempotent
  no_jitter,           // each wait is the same
  no_growth,           // the second wait is as long as the first
  ignores_the_answer,  // calls again at once, whatever Retry-After says
  no_budget,
};

enum class Ailing : std::uint8_t {
  failing,
  hanging,     // before the head
  trickling,   // the head comes, the body little by little
  stalling,    // the head comes, the body does not
  mixed,       // one half of the calls hangs, the other stalls
  connecting,  // no call comes: its connection is not accepted
};

struct Client {
  std::uint64_t seed = 1;
  double per_second = 100;
  Nanoseconds steady = std::chrono::seconds(5);
  Nanoseconds outage = std::chrono::seconds(10);
  Ailing ailing = Ailing::failing;
  double share = 1;                             // of the calls that the fault takes
  Nanoseconds hang = std::chrono::seconds(20);  // so long the fault holds a call
  std::uint32_t retry_after = 0;                // seconds, said by the fault's answer; 0: nothing
  double background_errors = 0;
  double spread = 0.3;  // of latencies
  double writes = 0.5;  // share of the calls that are no repeatable ones
  bool correlated = true;
  Nanoseconds timeout = std::chrono::milliseconds(300);
  int attempts = 1;
  Nanoseconds backoff = std::chrono::milliseconds(100);
  double factor = 2;
  double jitter = 0.3;
  double budget = 1e9;  // repetitions for each first call, above 10 at the start
  ClientDefect defect = ClientDefect::none;
};

events::Log simulate(const Client& client);

scenarios::Scenario scenario_of(const Client& client, const decltype(scenarios::Expectation::what)& in_outage);

}  // namespace stormproof::verify::simulation
