// SubjectDraws: simulated subjects with random parameters, and what a scenario would claim of them.
//
// Pure: a seed gives a subject. The traffic suffices to judge it. Shared by the property tests of each mechanism and by
// the accuracy matrix, so that both speak of the same subjects.
#pragma once

#include <optional>

#include "tests/verify/client_simulation.h"
#include "tests/verify/limiter_simulation.h"
#include "tests/verify/simulation.h"

namespace stormproof::verify::simulation {

Experiment drawn_breaker(std::uint64_t seed);
// From the whole class: any rate, any window, jitter, partial faults, 404s that are no failures, retries beside the breaker.
Experiment wild_breaker(std::uint64_t seed);
// What a right one of these keeps, as its own truth tells; nothing where it never opened.
std::optional<scenarios::BreakerExpectation> wild_claim(const Experiment& experiment, const Run& run);

scenarios::BreakerExpectation outage_claim(const Experiment& experiment, bool with_probes = true);
scenarios::BreakerExpectation recovery_claim(const Experiment& experiment);

// A breaker that a late success closes shows it where calls come late, but come.
void let_stragglers_come(Experiment& experiment);

// Whether the defect had any effect that so much traffic can show.
bool shows(const Experiment& experiment, const Truth& truth);

Limiter drawn_limiter(int seed, Limiting limiting = Limiting::token_bucket);
scenarios::RateLimitExpectation claim_of(const Limiter& limiter);

Client drawn_timeouts(int seed);
scenarios::TimeoutExpectation timeout_claim(const Client& client);

Client drawn_retries(int seed);
scenarios::RetriesExpectation retries_claim(const Client& client);

}  // namespace stormproof::verify::simulation
