#include "harness/verify/breaker_scope.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/verify/judge.h"
#include "tests/verify/properties.h"
#include "tests/verify/subject_draws.h"

namespace stormproof::verify {
namespace {

using scenarios::BreakerScope;
using simulation::Experiment;

scenarios::BreakerExpectation claim_of(BreakerScope scope) {
  scenarios::BreakerExpectation claim;
  claim.on = simulation::dependency;
  claim.scope = scope;
  claim.others = {std::string(simulation::other_host)};
  return claim;
}

Finding judged(const Experiment& experiment, BreakerScope scope) {
  return judge(simulation::simulate(experiment).log,
               simulation::scenario_of(experiment, claim_of(scope), simulation::recovery_claim(experiment)))
      .front();
}

Experiment drawn(int seed, bool for_all) {
  Experiment experiment = simulation::drawn_breaker(static_cast<std::uint64_t>(seed));
  Dice dice(seed);
  experiment.correlated = true;
  experiment.other_class = dice.in(0.2, 0.5);
  experiment.beside = dice.in(0.3, 1);
  experiment.opens_for_all = for_all;
  return experiment;
}

TEST(BreakerScope, HostAndServiceAreToldApart) {
  for (const bool for_all : {false, true}) {
    Verdicts right;
    Verdicts wrong;
    const int runs = property_cases(30);
    for (int seed = 1; seed <= runs; ++seed) {
      const Experiment experiment = drawn(seed, for_all);
      right.count(judged(experiment, for_all ? BreakerScope::service : BreakerScope::host), seed);
      wrong.count(judged(experiment, for_all ? BreakerScope::host : BreakerScope::service), seed);
    }
    EXPECT_EQ(right.violated, 0) << right.last_violated;
    EXPECT_GE(right.holds * 100, runs * 95) << right.last_inconclusive;
    EXPECT_EQ(wrong.holds, 0) << wrong.last_holds;
    EXPECT_GE(wrong.violated * 100, runs * 95) << wrong.last_inconclusive;
  }
}

TEST(BreakerScope, SaysWhatIsMissing) {
  Experiment experiment = drawn(1, false);
  experiment.beside = 0;
  EXPECT_THAT(judged(experiment, BreakerScope::host).summary, testing::HasSubstr("send requests for each"));
  experiment = drawn(1, false);
  experiment.breaker.defect = simulation::Defect::never_opens;
  EXPECT_THAT(judged(experiment, BreakerScope::host).summary, testing::HasSubstr("never opened"));
  experiment = drawn(1, false);
  experiment.correlated = false;
  EXPECT_THAT(judged(experiment, BreakerScope::host).summary, testing::HasSubstr("traceparent"));
}

// Who calls the hurt host first never comes to the other: that is not the breaker's doing.
TEST(BreakerScope, ARequestThatNeedsBothSaysNothing) {
  Experiment experiment = drawn(2, false);
  simulation::Run run = simulation::simulate(experiment);
  const events::NameId other = run.log.names.id_of(simulation::other_host);
  std::vector<events::Exchange> calls;
  for (const events::Exchange& call : run.log.exchanges) {
    const bool good = call.side == events::Side::egress && call.status == 200;
    if (!good || call.party == other) continue;
    calls.push_back(call);
    calls.back().party = other;
    calls.back().request += 1'000'000;
  }
  std::erase_if(run.log.exchanges, [&](const events::Exchange& call) { return call.party == other; });
  run.log.exchanges.insert(run.log.exchanges.end(), calls.begin(), calls.end());
  run.log.sort();
  const Finding finding = judge(run.log, simulation::scenario_of(experiment, claim_of(BreakerScope::host),
                                                                 simulation::recovery_claim(experiment)))
                              .front();
  EXPECT_EQ(finding.verdict, Verdict::inconclusive) << told(finding);
  EXPECT_THAT(finding.summary, testing::HasSubstr("send requests that need the others alone"));
}

TEST(BreakerScope, StarvedRunsAreInconclusive) {
  Verdicts verdicts;
  const int runs = property_cases(20);
  for (int seed = 1; seed <= runs; ++seed) {
    Experiment experiment = drawn(3000 + seed, seed % 2 == 0);
    experiment.per_second = 2;
    experiment.steady = std::chrono::seconds(20);
    verdicts.count(judged(experiment, seed % 3 == 0 ? BreakerScope::host : BreakerScope::service), seed);
  }
  EXPECT_EQ(verdicts.inconclusive, runs) << verdicts.last_holds << verdicts.last_violated;
}

}  // namespace
}  // namespace stormproof::verify
