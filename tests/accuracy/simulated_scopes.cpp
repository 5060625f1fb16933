// The rows of what a breaker is besides: how many calls it lets through half-open, and for whom it opens.
#include <functional>

#include "harness/verify/judge.h"
#include "tests/accuracy/settings.h"
#include "tests/accuracy/simulated.h"
#include "tests/verify/subject_draws.h"

namespace stormproof::accuracy {
namespace {

namespace simulation = verify::simulation;
using scenarios::BreakerExpectation;
using scenarios::BreakerScope;
using simulation::Experiment;
using std::chrono::milliseconds;
using verify::Dice;
using verify::Finding;

struct ScopeSubject {
  const char* name;
  bool defective;
  std::function<void(Experiment&, BreakerExpectation&, Dice&)> set;
};

void judge_scope(Matrix& matrix, const ScopeSubject& subject, Setting setting, std::uint64_t seed) {
  Experiment experiment = simulation::drawn_breaker(seed);
  Dice dice(seed);
  experiment.correlated = true;
  experiment.other_class = dice.in(0.2, 0.4);
  experiment.background_errors = setting == Setting::noisy ? noise_errors : 0;
  experiment.latency_spread = setting == Setting::noisy ? noise_spread : clean_spread;
  if (setting == Setting::starved) {
    experiment.per_second = starved_per_second;
    experiment.steady = std::chrono::seconds(20);
  }
  BreakerExpectation claim;
  claim.on = simulation::dependency;
  claim.probes_every = scenarios::Around{.value = experiment.breaker.sleep, .tolerance = 0.2};
  subject.set(experiment, claim, dice);
  const auto scenario = simulation::scenario_of(experiment, claim, simulation::recovery_claim(experiment));
  const Finding finding = verify::judge(simulation::simulate(experiment).log, scenario).front();
  matrix.count({subject.name, name_of(setting)}, due_of(setting, subject.defective), finding.verdict,
               example_of(seed, finding));
  if (subject.defective || !claim.half_open_calls) return;
  if (const verify::Check* const check = estimating(finding, "half-open calls"))
    matrix.measure("half-open calls", name_of(setting), *check->estimate, experiment.breaker.width, 0, 0);
}

// A hanging dependency, and a breaker that is `off` calls wider than it says.
ScopeSubject wide(const char* name, int off) {
  return {name, off != 0, [off](Experiment& experiment, BreakerExpectation& claim, Dice& dice) {
            experiment.failing = simulation::Failing::hanging;
            experiment.timeout = milliseconds(dice.whole(200, 500));
            const int claimed = dice.whole(off < 0 ? 2 : 1, 5);
            experiment.breaker.width = claimed + off;
            claim.half_open_calls = static_cast<std::uint64_t>(claimed);
          }};
}

ScopeSubject of_hosts(const char* name, bool for_all, BreakerScope claimed) {
  return {name, for_all != (claimed == BreakerScope::service),
          [=](Experiment& experiment, BreakerExpectation& claim, Dice& dice) {
            experiment.beside = dice.in(0.4, 1);
            experiment.opens_for_all = for_all;
            claim.scope = claimed;
            claim.others = {std::string(simulation::other_host)};
          }};
}

ScopeSubject of_instances(const char* name, int instances, BreakerScope claimed) {
  return {name, claimed == BreakerScope::shared, [=](Experiment& experiment, BreakerExpectation& claim, Dice&) {
            experiment.instances = instances;
            // Probes that hang overlap, and look like those of one.
            experiment.failing = simulation::Failing::fast;
            experiment.breaker.consecutive = 5;
            experiment.breaker.sleep = std::max<base::Nanoseconds>(experiment.breaker.sleep, milliseconds(1500));
            experiment.breaker.width = 1;
            if (experiment.per_second > starved_per_second) experiment.per_second += 60;
            claim.probes_every->value = experiment.breaker.sleep;
            claim.leaks_at_most = 0;
            claim.scope = claimed;
            claim.instances = static_cast<std::uint64_t>(instances);
          }};
}

}  // namespace

void judge_scopes(Matrix& matrix, int runs, std::uint64_t seed) {
  const std::vector<ScopeSubject> subjects = {
      wide("half-open width", 0),
      wide("half-open, one call more than it says", 1),
      wide("half-open, one call fewer than it says", -1),
      of_hosts("breaker of a host", false, BreakerScope::host),
      of_hosts("breaker of a service, said to be of the host", true, BreakerScope::host),
      of_hosts("breaker of a service", true, BreakerScope::service),
      of_hosts("breaker of a host, said to be of the service", false, BreakerScope::service),
      of_instances("breaker for each of two instances", 2, BreakerScope::instance),
      of_instances("breaker for each of two, said to be shared", 2, BreakerScope::shared),
  };
  judge_all(subjects, runs, seed, [&](const ScopeSubject& subject, Setting setting, std::uint64_t one) {
    judge_scope(matrix, subject, setting, one);
  });
}

}  // namespace stormproof::accuracy
