// Sample runs: what a run of DESIGN.md's example scenario leaves behind, made up by seed.
//
// The golden files, the stored runs and the looks of the HTML are tested on them. Pure: no clock, no chance.
#pragma once

#include "reports/run_record.h"

namespace stormproof::reports {

enum class Sample {
  holds,     // the breaker opens, probes and closes
  violated,  // it never opens: every request waits for the failing dependency
  starved,   // two requests a second: nothing can be told
};

RunRecord sample_run(Sample sample);

// Every string of it holds markup, control characters, bytes that are not UTF-8 and words that end an element.
RunRecord hostile_run();

}  // namespace stormproof::reports
