// Traffic shape: what a scenario's traffic means to the replay: when, and over which connections.
#pragma once

#include "harness/base/error.h"
#include "replay/difference_rules.h"
#include "replay/outbox.h"
#include "replay/pacing.h"
#include "replay/script_shots.h"
#include "scenarios/model.h"

namespace stormproof::run {

// Reads the trace of arrivals, where there is one; `seed` draws Poisson's gaps.
base::Result<replay::PacingOptions> pacing_of(const scenarios::Scenario& scenario, std::uint64_t seed);

replay::Affinity affinity_of(const scenarios::Traffic& traffic);

// Which requests of the capture are sent, and what is changed in them; `seed` draws the sessions.
replay::ScriptOptions script_of(const scenarios::Scenario& scenario, std::uint64_t seed);
replay::ShotOptions shots_of(const scenarios::Traffic& traffic, std::uint64_t seed);
// With what the judges of its expectations need of each request; without target, TLS, party and who looks on.
replay::SenderOptions sender_of(const scenarios::Scenario& scenario);

base::Result<replay::DifferenceRules> difference_rules_of(const scenarios::ComparisonRules& written);

}  // namespace stormproof::run
