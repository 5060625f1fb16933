#include "tests/accuracy/simulated.h"

#include <array>
#include <optional>

#include "harness/verify/judge.h"
#include "tests/accuracy/settings.h"
#include "tests/verify/subject_draws.h"

namespace stormproof::accuracy {
namespace {

namespace simulation = verify::simulation;
using scenarios::Expectation;
using simulation::Client;
using simulation::ClientDefect;
using simulation::Defect;
using simulation::Experiment;
using simulation::Limiter;
using simulation::LimiterDefect;
using simulation::Limiting;
using std::chrono::seconds;
using verify::Finding;
using verify::Verdict;

// Draws for one counted run, where a defect does not always show.
constexpr int draws_max = 20;

// --- breakers ---------------------------------------------------------------------------------------------------

struct BreakerSubject {
  const char* name;
  Defect defect;
  bool in_recovery = false;  // where it must show
};

Experiment experiment_of(std::uint64_t seed, Setting setting, Defect defect) {
  Experiment experiment = simulation::drawn_breaker(seed);
  experiment.breaker.defect = defect;
  experiment.background_errors = setting == Setting::noisy ? noise_errors : 0;
  experiment.latency_spread = setting == Setting::noisy ? noise_spread : clean_spread;
  if (defect == Defect::closes_on_straggler) simulation::let_stragglers_come(experiment);
  if (setting == Setting::starved) {
    experiment.per_second = starved_per_second;
    experiment.steady = seconds(20);
  }
  return experiment;
}

// Between the last request that was suppressed and the probe, in the best of the cycles; and what two clocks may differ by.
void measure_sleep(Matrix& matrix, Setting setting, const Experiment& experiment, const Finding& finding) {
  const verify::Check* const check = estimating(finding, "sleep window");
  if (check == nullptr || check->samples == 0) return;
  const double calling = experiment.per_second * (1 - experiment.other_class);
  const double gaps = experiment.poisson ? 2 / static_cast<double>(check->samples) : 1;
  const char* const parameter = experiment.correlated ? "sleep window, by trace id" : "sleep window, by rate";
  matrix.measure(parameter, name_of(setting), *check->estimate, in_seconds(experiment.breaker.sleep), gaps / calling,
                 0.004);
}

void judge_breaker(Matrix& matrix, const BreakerSubject& subject, Setting setting, std::uint64_t seed) {
  const Place place{subject.name, name_of(setting)};
  for (int draw = 0; draw < draws_max; ++draw) {
    const std::uint64_t drawn = seed * draws_max + static_cast<std::uint64_t>(draw);
    const Experiment experiment = experiment_of(drawn, setting, subject.defect);
    const simulation::Run run = simulation::simulate(experiment);
    if (setting != Setting::starved && !simulation::shows(experiment, run.truth)) {
      matrix.leave_out(place);
      continue;
    }
    const auto scenario = simulation::scenario_of(experiment, simulation::outage_claim(experiment),
                                                  simulation::recovery_claim(experiment));
    const std::vector<Finding> findings = verify::judge(run.log, scenario);
    const bool defective = subject.defect != Defect::none;
    // A correct one is right in both phases.
    const Finding& finding =
        !defective && findings[0].verdict == Verdict::holds ? findings[1] : findings[subject.in_recovery ? 1 : 0];
    matrix.count(place, due_of(setting, defective), finding.verdict, example_of(drawn, finding));
    if (!defective) measure_sleep(matrix, setting, experiment, findings[0]);
    return;
  }
}

// --- limiters ---------------------------------------------------------------------------------------------------

struct LimiterSubject {
  const char* name;
  LimiterDefect defect;
  Limiting limiting = Limiting::token_bucket;
  int callers = 1;
};

Limiter limiter_of(std::uint64_t seed, Setting setting, const LimiterSubject& subject) {
  Limiter limiter = simulation::drawn_limiter(static_cast<int>(seed), subject.limiting);
  limiter.defect = subject.defect;
  limiter.callers = subject.callers;
  limiter.background_errors = setting == Setting::noisy ? noise_errors : 0;
  limiter.spread = setting == Setting::noisy ? noise_spread : clean_spread;
  if (setting == Setting::starved) {
    limiter.offered = 0.4;  // of the rate: it is never reached
    limiter.comes_at_once = false;
  }
  return limiter;
}

scenarios::RateLimitExpectation limit_claim(const Limiter& limiter) {
  scenarios::RateLimitExpectation claim = simulation::claim_of(limiter);
  if (limiter.limiting == Limiting::token_bucket) return claim;
  // What a bucket would do is not asked of the others, nor a burst: theirs depends on when it comes.
  claim.wrongly_refused_at_most.reset();
  claim.burst.reset();
  return claim;
}

void measure_limit(Matrix& matrix, Setting setting, const Limiter& limiter, const Finding& finding) {
  const double lasting = in_seconds(limiter.lasting);
  if (const verify::Check* const check = estimating(finding, "rate"))
    // One admission more or less over the whole phase.
    matrix.measure("rate", name_of(setting), *check->estimate, limiter.rate, 2 / lasting, 0);
  if (const verify::Check* const check = estimating(finding, "burst"))
    matrix.measure("burst", name_of(setting), *check->estimate, limiter.burst, 0, 1);  // bursts are whole
}

void judge_limiter(Matrix& matrix, const LimiterSubject& subject, Setting setting, std::uint64_t seed) {
  const Limiter limiter = limiter_of(seed, setting, subject);
  const Finding finding =
      verify::judge(simulation::simulate(limiter), simulation::scenario_of(limiter, limit_claim(limiter))).front();
  const bool defective = subject.defect != LimiterDefect::none;
  matrix.count({subject.name, name_of(setting)}, due_of(setting, defective), finding.verdict,
               example_of(seed, finding));
  if (!defective && limiter.limiting == Limiting::token_bucket && limiter.callers == 1)
    measure_limit(matrix, setting, limiter, finding);
}

// --- clients ----------------------------------------------------------------------------------------------------

struct ClientSubject {
  const char* name;
  ClientDefect defect;
  std::optional<simulation::Ailing> ailing = {};  // else drawn
};

void set(Client& client, Setting setting) {
  client.background_errors = setting == Setting::noisy ? noise_errors : 0;
  client.spread = setting == Setting::noisy ? noise_spread : clean_spread;
  if (setting == Setting::starved) client.per_second = starved_per_second;
}

void count_client(Matrix& matrix, const ClientSubject& subject, Setting setting, const Client& client,
                  const Finding& finding) {
  matrix.count({subject.name, name_of(setting)}, due_of(setting, subject.defect != ClientDefect::none), finding.verdict,
               example_of(client.seed, finding));
}

void judge_timeout(Matrix& matrix, const ClientSubject& subject, Setting setting, std::uint64_t seed) {
  Client client = simulation::drawn_timeouts(static_cast<int>(seed));
  set(client, setting);
  client.defect = subject.defect;
  if (setting == Setting::starved) client.attempts = 1;
  if (subject.defect != ClientDefect::none) {
    client.share = 1;
    if (setting != Setting::starved) client.per_second += 60;
  }
  if (subject.defect == ClientDefect::head_only) client.ailing = simulation::Ailing::trickling;
  scenarios::TimeoutExpectation claim = simulation::timeout_claim(client);
  if (subject.ailing) client.ailing = *subject.ailing;
  if (client.ailing == simulation::Ailing::connecting) {
    // Which calls hang is not seen: only how long their requests wait.
    client.attempts = 1;
    client.share = 1;
    claim = {.on = claim.on, .gives_up_within = client.timeout};
  }
  const Finding finding = verify::judge(simulation::simulate(client), simulation::scenario_of(client, claim)).front();
  count_client(matrix, subject, setting, client, finding);
  if (subject.defect != ClientDefect::none) return;
  // The service's timer begins and ends somewhat apart from what the proxy sees.
  if (const verify::Check* const check = estimating(finding, "timeout"))
    matrix.measure("timeout", name_of(setting), *check->estimate, in_seconds(client.timeout), 0.001, 0.004);
}

void judge_retry(Matrix& matrix, const ClientSubject& subject, Setting setting, std::uint64_t seed) {
  Client client = simulation::drawn_retries(static_cast<int>(seed));
  set(client, setting);
  client.defect = subject.defect;
  scenarios::RetriesExpectation claim = simulation::retries_claim(client);
  if (subject.defect == ClientDefect::ignores_the_answer) {
    client.retry_after = 1;
    claim = {.on = std::string(simulation::dependency), .honours_retry_after = true};
  } else if (subject.defect == ClientDefect::no_budget) {
    client.writes = 0;
    client.budget = 0.2;
    claim = {.on = std::string(simulation::dependency), .amplification_at_most = 1.25};
  }
  const Finding finding = verify::judge(simulation::simulate(client), simulation::scenario_of(client, claim)).front();
  count_client(matrix, subject, setting, client, finding);
  if (subject.defect != ClientDefect::none) return;
  if (const verify::Check* const check = estimating(finding, "attempts"))
    matrix.measure("attempts", name_of(setting), *check->estimate, client.attempts, 0, 0);
}

}  // namespace

void judge_breakers(Matrix& matrix, int runs, std::uint64_t seed) {
  const std::array subjects = {
      BreakerSubject{"breaker", Defect::none},
      BreakerSubject{"breaker that never opens", Defect::never_opens},
      BreakerSubject{"breaker that leaks 1 %", Defect::leaks},
      BreakerSubject{"breaker that never half-opens", Defect::never_half_opens},
      BreakerSubject{"breaker stuck half-open", Defect::stuck_half_open, true},
      BreakerSubject{"breaker closed by a straggler", Defect::closes_on_straggler},
      BreakerSubject{"breaker that a retry bypasses", Defect::retry_bypass},
  };
  judge_all(subjects, runs, seed, [&](const BreakerSubject& subject, Setting setting, std::uint64_t one) {
    judge_breaker(matrix, subject, setting, one);
  });
}

void judge_limiters(Matrix& matrix, int runs, std::uint64_t seed) {
  const std::array subjects = {
      LimiterSubject{"token bucket", LimiterDefect::none},
      LimiterSubject{"token bucket for each caller", LimiterDefect::none, Limiting::token_bucket, 3},
      LimiterSubject{"leaky queue", LimiterDefect::none, Limiting::leaky_queue},
      LimiterSubject{"fixed window", LimiterDefect::none, Limiting::fixed_window},
      LimiterSubject{"sliding log", LimiterDefect::none, Limiting::sliding_log},
      LimiterSubject{"bucket off by 1 to 3", LimiterDefect::off_by_some},
      LimiterSubject{"bucket a tenth too fast", LimiterDefect::too_generous},
      LimiterSubject{"bucket a tenth too slow", LimiterDefect::too_strict},
      LimiterSubject{"bucket that counts what it refuses", LimiterDefect::counts_refused},
      LimiterSubject{"log that counts what it refuses", LimiterDefect::counts_refused, Limiting::sliding_log},
      LimiterSubject{"bucket with a lying Retry-After", LimiterDefect::lies},
      LimiterSubject{"bucket per instance", LimiterDefect::per_instance},
      LimiterSubject{"one bucket for all callers", LimiterDefect::one_for_all, Limiting::token_bucket, 3},
      LimiterSubject{"bucket that refuses 5 % more", LimiterDefect::drops_some, Limiting::token_bucket, 3},
      LimiterSubject{"no limit", LimiterDefect::unlimited},
  };
  judge_all(subjects, runs, seed, [&](const LimiterSubject& subject, Setting setting, std::uint64_t one) {
    judge_limiter(matrix, subject, setting, one);
  });
}

void judge_timeouts(Matrix& matrix, int runs, std::uint64_t seed) {
  const std::array subjects = {
      ClientSubject{"timeout", ClientDefect::none},
      ClientSubject{"no timeout", ClientDefect::never_gives_up},
      ClientSubject{"timeout half as long again", ClientDefect::gives_up_late},
      ClientSubject{"timeout forgotten for 1 %", ClientDefect::forgets_some},
      ClientSubject{"timeout for the head only", ClientDefect::head_only},
      ClientSubject{"call that leaks after its timeout", ClientDefect::leaks},
      ClientSubject{"call that leaks in 5 %", ClientDefect::leaks_some},
      ClientSubject{"timeout while the body trickles", ClientDefect::none, simulation::Ailing::trickling},
      ClientSubject{"timeout while the body stands still", ClientDefect::none, simulation::Ailing::stalling},
      ClientSubject{"timeout of head and body", ClientDefect::none, simulation::Ailing::mixed},
      ClientSubject{"timeout for the head, none for the body", ClientDefect::head_only, simulation::Ailing::mixed},
      ClientSubject{"no timeout for a body that stands still", ClientDefect::head_only, simulation::Ailing::stalling},
      ClientSubject{"timeout while connecting", ClientDefect::none, simulation::Ailing::connecting},
      ClientSubject{"no timeout while connecting", ClientDefect::connected_only, simulation::Ailing::connecting},
  };
  judge_all(subjects, runs, seed, [&](const ClientSubject& subject, Setting setting, std::uint64_t one) {
    judge_timeout(matrix, subject, setting, one);
  });
}

void judge_retries(Matrix& matrix, int runs, std::uint64_t seed) {
  const std::array subjects = {
      ClientSubject{"retries", ClientDefect::none},
      ClientSubject{"retries without end", ClientDefect::repeats_for_ever},
      ClientSubject{"one retry too many", ClientDefect::one_more},
      ClientSubject{"retries of writes", ClientDefect::repeats_writes},
      ClientSubject{"retries without jitter", ClientDefect::no_jitter},
      ClientSubject{"retries that do not back off", ClientDefect::no_growth},
      ClientSubject{"retries before Retry-After", ClientDefect::ignores_the_answer},
      ClientSubject{"retries without a budget", ClientDefect::no_budget},
  };
  judge_all(subjects, runs, seed, [&](const ClientSubject& subject, Setting setting, std::uint64_t one) {
    judge_retry(matrix, subject, setting, one);
  });
}

}  // namespace stormproof::accuracy
