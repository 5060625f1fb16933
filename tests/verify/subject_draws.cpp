#include "tests/verify/subject_draws.h"

#include <algorithm>
#include <cmath>

#include "tests/verify/properties.h"

namespace stormproof::verify::simulation {

using scenarios::Around;
using std::chrono::milliseconds;
using std::chrono::seconds;

Experiment drawn_breaker(std::uint64_t seed) {
  Dice dice(static_cast<int>(seed));
  Experiment experiment;
  experiment.seed = seed;
  experiment.per_second = dice.in(60, 200);
  experiment.poisson = dice.chance(0.5);
  experiment.failing = dice.one_of({Failing::fast, Failing::hanging});
  experiment.timeout = milliseconds(dice.one_of({100, 300, 500}));
  experiment.correlated = dice.chance(0.7);
  experiment.other_class = experiment.correlated ? 0.2 : 0;
  experiment.background_errors = dice.one_of({0.0, 0.01, 0.05});
  experiment.healthy_misses = dice.chance(0.2) ? 0.002 : 0;
  experiment.attempts = dice.chance(0.2) ? 2 : 1;
  experiment.breaker.consecutive = dice.one_of({0, 5, 10});
  experiment.breaker.sleep = milliseconds(static_cast<int>(dice.in(800, 2500)));
  experiment.breaker.width = dice.one_of({1, 1, 3});
  experiment.breaker.successes = dice.one_of({1, 1, 3});
  return experiment;
}

Experiment wild_breaker(std::uint64_t seed) {
  Dice dice(static_cast<int>(seed));
  Experiment experiment;
  experiment.seed = seed;
  experiment.per_second = std::exp(dice.in(std::log(8), std::log(500)));
  experiment.poisson = dice.chance(0.6);
  experiment.failing = dice.one_of({Failing::fast, Failing::fast, Failing::hanging, Failing::hanging, Failing::slow});
  experiment.share = dice.one_of({1.0, 1.0, 0.5});
  experiment.timeout = milliseconds(static_cast<int>(std::exp(dice.in(std::log(50), std::log(1500)))));
  experiment.correlated = dice.chance(0.7);
  experiment.other_class = experiment.correlated ? dice.in(0, 0.5) : 0;
  experiment.background_errors = dice.one_of({0.0, 0.01, 0.05, 0.1});
  experiment.missing = dice.one_of({0.0, 0.0, 0.2});
  experiment.healthy_misses = dice.one_of({0.0, 0.0, 0.002, 0.008});
  experiment.latency_spread = dice.in(0.05, 0.5);
  experiment.attempts = dice.one_of({1, 1, 1, 2, 4});
  experiment.backoff = milliseconds(dice.one_of({0, 20, 100}));
  experiment.backoff_factor = dice.one_of({1.0, 2.0});
  Breaker& breaker = experiment.breaker;
  breaker.consecutive = dice.one_of({0, 2, 5, 10});
  breaker.rate = dice.in(0.2, 0.45);
  breaker.rate_window = milliseconds(dice.whole(1000, 6000));
  breaker.volume = std::max(2, static_cast<int>(experiment.per_second * dice.in(0.1, 0.4)));
  breaker.sleep = milliseconds(static_cast<int>(std::exp(dice.in(std::log(200), std::log(6000)))));
  breaker.jitter = dice.one_of({0.0, 0.0, 0.1, 0.3});
  breaker.width = dice.one_of({1, 1, 3, 10});
  breaker.successes = dice.whole(1, breaker.width);
  breaker.queues_behind_probe = dice.chance(0.1);
  experiment.outage = std::max<Nanoseconds>(seconds(15), 6 * breaker.sleep);
  return experiment;
}

std::optional<scenarios::BreakerExpectation> wild_claim(const Experiment& experiment, const Run& run) {
  if (run.truth.opened.empty()) return std::nullopt;
  const auto opened = std::ranges::find_if(run.truth.opened, [&](base::Time at) { return at >= run.faults_on; });
  const bool before = std::ranges::any_of(run.truth.opened, [&](base::Time at) { return at < run.faults_on; });
  if (opened == run.truth.opened.end() || *opened >= run.faults_off || before) return std::nullopt;
  scenarios::BreakerExpectation claim;
  claim.on = dependency;
  claim.opens_within = (*opened - run.faults_on) * 2 + seconds(1) + experiment.timeout;
  claim.leaks_at_most = 0;
  claim.probes_every = Around{.value = experiment.breaker.sleep, .tolerance = experiment.breaker.jitter + 0.15};
  return claim;
}

scenarios::BreakerExpectation outage_claim(const Experiment& experiment, bool with_probes) {
  scenarios::BreakerExpectation claim;
  claim.on = std::string(dependency);
  claim.opens_within = seconds(4);
  claim.leaks_at_most = 0;
  if (with_probes) claim.probes_every = Around{.value = experiment.breaker.sleep, .tolerance = 0.2};
  return claim;
}

scenarios::BreakerExpectation recovery_claim(const Experiment& experiment) {
  scenarios::BreakerExpectation claim;
  claim.on = std::string(dependency);
  // A background error on a probe opens it again, rightly: room for three more rounds.
  const int rounds = experiment.background_errors > 0 ? 4 : 1;
  claim.closes_within = experiment.breaker.sleep * rounds + seconds(1) + experiment.timeout;
  return claim;
}

void let_stragglers_come(Experiment& experiment) {
  experiment.failing = Failing::slow;
  experiment.attempts = 1;
  experiment.timeout = seconds(1);
  experiment.breaker.consecutive = 5;
}

bool shows(const Experiment& experiment, const Truth& truth) {
  if (experiment.breaker.defect == Defect::leaks) return !truth.leaked.empty();
  if (experiment.breaker.defect != Defect::closes_on_straggler) return true;
  const auto visible =
      Nanoseconds(static_cast<std::int64_t>((experiment.correlated ? 8e9 : 25e9) / experiment.per_second));
  return std::ranges::count_if(truth.straggled, [&](Nanoseconds open) { return open > visible; }) >= 3;
}

Limiter drawn_limiter(int seed, Limiting limiting) {
  Dice dice(seed);
  Limiter limiter;
  limiter.seed = static_cast<std::uint64_t>(seed);
  limiter.limiting = limiting;
  limiter.rate = dice.in(10, 60);
  limiter.burst = dice.whole(2, 40);
  limiter.off_by = dice.whole(1, 3);
  limiter.offered = dice.in(2, 5);
  limiter.poisson = dice.chance(0.3);
  limiter.background_errors = dice.one_of({0.0, 0.05});
  if (limiting != Limiting::token_bucket && limiting != Limiting::leaky_queue) {
    limiter.rate = dice.whole(10, 60);
    limiter.burst = static_cast<int>(limiter.rate);
  }
  return limiter;
}

scenarios::RateLimitExpectation claim_of(const Limiter& limiter) {
  scenarios::RateLimitExpectation claim{.rate_per_second = limiter.rate};
  claim.burst = static_cast<std::uint64_t>(limiter.burst);
  claim.wrongly_refused_at_most = 0.01;
  claim.truthful_retry_after = true;
  if (limiter.callers > 1) claim.per = "X-Api-Key";
  return claim;
}

Client drawn_timeouts(int seed) {
  Dice dice(seed);
  Client client;
  client.seed = static_cast<std::uint64_t>(seed);
  client.per_second = dice.in(40, 200);
  client.ailing = dice.one_of({Ailing::hanging, Ailing::trickling});
  client.share = dice.one_of({1.0, 1.0, 0.3});
  client.background_errors = dice.one_of({0.0, 0.05});
  client.timeout = milliseconds(dice.whole(100, 1500));
  client.attempts = dice.one_of({1, 1, 2});
  return client;
}

scenarios::TimeoutExpectation timeout_claim(const Client& client) {
  scenarios::TimeoutExpectation claim{.on = std::string(dependency)};
  claim.gives_up_within = client.timeout;
  claim.answers_within =
      client.timeout * client.attempts + (client.attempts - 1) * client.backoff * 2 + milliseconds(20);
  claim.leaks_at_most = 0;
  return claim;
}

Client drawn_retries(int seed) {
  Dice dice(seed);
  Client client;
  client.seed = static_cast<std::uint64_t>(seed);
  client.per_second = dice.in(100, 250);
  client.outage = seconds(15);
  client.share = dice.one_of({1.0, 1.0, 0.8});
  client.background_errors = dice.one_of({0.0, 0.05});
  client.attempts = dice.whole(3, 5);
  client.backoff = milliseconds(dice.whole(30, 200));
  client.factor = dice.one_of({1.5, 2.0, 3.0});
  client.jitter = dice.one_of({0.25, 0.5});
  return client;
}

scenarios::RetriesExpectation retries_claim(const Client& client) {
  scenarios::RetriesExpectation claim{.on = std::string(dependency)};
  claim.attempts_at_most = static_cast<std::uint64_t>(client.attempts);
  claim.repeated_writes_at_most = 0;
  claim.first_backoff = Around{.value = client.backoff, .tolerance = 0.2};
  claim.backoff_factor = client.factor;
  claim.jitter_at_least = 0.15;
  return claim;
}

}  // namespace stormproof::verify::simulation
