// The rows of probed rate limits: rate, burst, class of algorithm, whose quota it is, isolation, truth of headers.
#include <functional>

#include "harness/verify/judge.h"
#include "tests/accuracy/settings.h"
#include "tests/accuracy/simulated.h"
#include "tests/verify/probe_simulation.h"

namespace stormproof::accuracy {
namespace {

namespace simulation = verify::simulation;
using simulation::ProbeRun;
using support::LimiterFault;
using support::LimiterKind;
using verify::Dice;
using verify::Finding;

struct ProbeSubject {
  const char* name;
  bool defective;
  std::function<void(ProbeRun&)> change;
};

std::string_view algorithm_of(LimiterKind kind) {
  switch (kind) {
    case LimiterKind::token_bucket: return "token-bucket";
    case LimiterKind::leaky_queue: return "leaky-queue";
    case LimiterKind::fixed_window:
    case LimiterKind::anchored_window: return "fixed-window";
    case LimiterKind::sliding_log: return "sliding-log";
    case LimiterKind::sliding_counter:
    case LimiterKind::anchored_counter: return "sliding-counter";
    case LimiterKind::penalised_log:
    case LimiterKind::penalised_counter: return "penalised";
    case LimiterKind::concurrency: break;
  }
  return "concurrency";
}

ProbeRun drawn_probe(std::uint64_t seed, Setting setting) {
  Dice dice(seed);
  ProbeRun run;
  run.seed = run.limiter.seed = seed;
  run.limiter.rate = dice.in(10, 60);
  run.limiter.burst = dice.whole(5, 40);
  run.limiter.quota = dice.whole(15, 60);
  run.limiter.phase = std::chrono::milliseconds(dice.whole(0, 999));
  run.latency_ms = dice.in(0.5, 5);
  run.background_errors = setting == Setting::noisy ? noise_errors : 0;
  run.spread = setting == Setting::noisy ? noise_spread : clean_spread;
  return run;
}

// The run broke off, and nobody noticed: the first requests of the probe are all there is.
void starve(events::Log& log) {
  constexpr std::size_t kept = 8;
  if (log.exchanges.size() > kept) log.exchanges.resize(kept);
}

void judge_probe(Matrix& matrix, const ProbeSubject& subject, Setting setting, std::uint64_t seed) {
  ProbeRun run = drawn_probe(seed, setting);
  run.claim = simulation::promised(run.limiter);
  subject.change(run);
  events::Log log = simulation::simulate(run);
  if (setting == Setting::starved) starve(log);
  const Finding finding = verify::judge(log, simulation::scenario_of(run)).front();
  matrix.count({subject.name, name_of(setting)}, due_of(setting, subject.defective), finding.verdict,
               example_of(seed, finding));
  if (subject.defective || run.limiter.kind != LimiterKind::token_bucket || setting == Setting::starved) return;
  if (const verify::Check* const check = estimating(finding, "rate")) {
    // The sustained step lasts so long, as the rate asks for a hundred admissions.
    const double lasting = 100 / run.limiter.rate;
    matrix.measure("rate, probed", name_of(setting), *check->estimate, run.limiter.rate, 2 / lasting, 0);
  }
  if (const verify::Check* const check = estimating(finding, "burst"))
    matrix.measure("burst, probed", name_of(setting), *check->estimate, run.limiter.burst, 0, 1);
}

ProbeSubject of_class(const char* name, LimiterKind kind) {
  return {name, false, [kind](ProbeRun& run) {
            run.limiter.kind = kind;
            run.claim = simulation::promised(run.limiter);
            run.claim.algorithm = algorithm_of(kind);
            // What windows of a clock admit at once depends on when it is asked for.
            if (kind == LimiterKind::fixed_window) run.claim.burst.reset();
          }};
}

// A bucket with this fault, of which everything is claimed that a bucket keeps.
ProbeSubject with_fault(const char* name, LimiterFault fault) {
  return {name, fault != LimiterFault::none, [fault](ProbeRun& run) {
            run.limiter.fault = fault;
            run.claim.wrongly_refused_at_most = 0.01;
            run.claim.truthful_retry_after = true;
            run.claim.truthful_headers = true;
          }};
}

ProbeSubject claiming_another_class(const char* name, LimiterKind kind, const char* algorithm) {
  return {name, true, [=](ProbeRun& run) {
            run.limiter.kind = kind;
            run.claim = simulation::promised(run.limiter);
            run.claim.burst.reset();
            run.claim.algorithm = algorithm;
          }};
}

ProbeSubject keyed(const char* name, bool own, bool claimed_own) {
  return {name, own != claimed_own, [=](ProbeRun& run) {
            run.probe.vary = {{.name = "X-Api-Key", .value = "b", .own_quota = claimed_own}};
            run.own = {own};
            run.claim.isolated = claimed_own;
          }};
}

}  // namespace

void judge_probes(Matrix& matrix, int runs, std::uint64_t seed) {
  const std::vector<ProbeSubject> subjects = {
      with_fault("probe of a token bucket", LimiterFault::none),
      of_class("probe: token bucket by its class", LimiterKind::token_bucket),
      of_class("probe: leaky queue by its class", LimiterKind::leaky_queue),
      of_class("probe: fixed window by its class", LimiterKind::fixed_window),
      of_class("probe: sliding log by its class", LimiterKind::sliding_log),
      of_class("probe: sliding counter by its class", LimiterKind::sliding_counter),
      claiming_another_class("probe: window said to be a bucket", LimiterKind::fixed_window, "token-bucket"),
      claiming_another_class("probe: bucket said to be a window", LimiterKind::token_bucket, "fixed-window"),
      claiming_another_class("probe: penalty said to be a log", LimiterKind::penalised_log, "sliding-log"),
      with_fault("probe: bucket off by one", LimiterFault::off_by_some),
      with_fault("probe: bucket a tenth too fast", LimiterFault::too_generous),
      with_fault("probe: bucket a tenth too slow", LimiterFault::too_strict),
      with_fault("probe: refusals that cost", LimiterFault::counts_refused),
      with_fault("probe: lying headers", LimiterFault::lies),
      with_fault("probe: bucket per instance", LimiterFault::per_instance),
      with_fault("probe: 5 % refused for nothing", LimiterFault::drops_some),
      with_fault("probe: no limit", LimiterFault::unlimited),
      keyed("probe: quota for each key", true, true),
      keyed("probe: keys that share a quota", false, true),
      keyed("probe: one quota, as it says", false, false),
      keyed("probe: quota that a new key renews", true, false),
  };
  judge_all(subjects, runs, seed, [&](const ProbeSubject& subject, Setting setting, std::uint64_t one) {
    judge_probe(matrix, subject, setting, one);
  });
}

}  // namespace stormproof::accuracy
