// Traffic shape: what a scenario's traffic means to the replay: when, and over which connections.
#pragma once

#include "harness/base/error.h"
#include "replay/pacing.h"
#include "replay/script_shots.h"
#include "scenarios/model.h"

namespace stormproof::run {

// Reads the trace of arrivals, where there is one; `seed` draws Poisson's gaps.
base::Result<replay::PacingOptions> pacing_of(const scenarios::Scenario& scenario, std::uint64_t seed);

replay::Affinity affinity_of(const scenarios::Traffic& traffic);

}  // namespace stormproof::run
