// TraceSimulation: a service that hands the trace of a request on to its calls, in some headers, or does not.
//
// Pure: one Courier gives one log; the claim stands in the phase "hurt", in which nothing is hurt.
#pragma once

#include "tests/verify/run_log.h"

namespace stormproof::verify::simulation {

enum class Carrying : std::uint8_t {
  right,
  drops_some,  // of one call in ten, every header
  drops_all,
  keeps_the_first,    // the trace of the first request for ever, as of a client made with it
  mixes_up,           // the trace of another request that is under way, or was just now
  drops_one_dialect,  // what is wanted in two headers stands in the first only
  copies_the_parent,
};

struct Courier {
  int seed = 1;
  Carrying how = Carrying::right;
  double per_second = 100;
  int calls = 1;     // of each request
  double share = 1;  // of the requests that call at all
  double took_ms = 10;
  double spread = 0.3;
  double background = 0;  // of the calls that fail
  std::uint8_t carriers = events::in_traceparent;
  bool halved = false;       // ids of 64 bits
  double background_ms = 0;  // after the answer its calls begin
};

Courier drawn_courier(int seed);
scenarios::TraceExpectation trace_claim(const Courier& courier);
RunLog simulate(const Courier& courier);

}  // namespace stormproof::verify::simulation
