// Property tests over probes of simulated limiters, as the judge sees them: right, defective, starved.
#include "harness/verify/rate_probe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/verify/judge.h"
#include "tests/verify/probe_simulation.h"
#include "tests/verify/properties.h"

namespace stormproof::verify {
namespace {

using scenarios::ProbeVariant;
using std::chrono::milliseconds;
using support::LimiterFault;
using support::LimiterKind;
using testing::HasSubstr;

simulation::ProbeRun drawn(int seed, LimiterKind kind = LimiterKind::token_bucket) {
  Dice dice(seed);
  simulation::ProbeRun run;
  run.seed = run.limiter.seed = static_cast<std::uint64_t>(seed);
  run.limiter.kind = kind;
  run.limiter.rate = dice.in(10, 60);
  run.limiter.burst = dice.whole(5, 40);
  run.limiter.quota = dice.whole(10, 60);
  run.limiter.phase = milliseconds(dice.whole(0, 999));
  run.latency_ms = dice.in(0.5, 5);
  run.background_errors = dice.one_of({0.0, 0.05});
  run.claim = simulation::promised(run.limiter);
  return run;
}

Finding judged(const simulation::ProbeRun& run) {
  return judge(simulation::simulate(run), simulation::scenario_of(run)).front();
}

const Check& check_of(const Finding& finding, std::string_view name) {
  const auto found = std::ranges::find(finding.checks, name, &Check::name);
  if (found != finding.checks.end()) return *found;
  static const Check none{.name = "there is no such check"};
  ADD_FAILURE() << name << '\n' << told(finding);
  return none;
}

TEST(RateProbe, CorrectTwinsHold) {
  Verdicts verdicts;
  const int runs = property_cases(10);
  for (int seed = 1; seed <= runs; ++seed) {
    simulation::ProbeRun run = drawn(seed);
    run.claim.wrongly_refused_at_most = 0.01;
    run.claim.truthful_retry_after = true;
    run.claim.truthful_headers = true;
    verdicts.count(judged(run), seed);
  }
  EXPECT_EQ(verdicts.violated, 0) << verdicts.last_violated;
  EXPECT_GE(verdicts.holds * 10, runs * 9) << verdicts.last_inconclusive;
}

TEST(RateProbe, WindowsKeepTheirRateAndTheirQuota) {
  for (const LimiterKind kind : {LimiterKind::fixed_window, LimiterKind::anchored_window, LimiterKind::sliding_log}) {
    Verdicts verdicts;
    const int runs = property_cases(4);
    for (int seed = 1; seed <= runs; ++seed) verdicts.count(judged(drawn(seed, kind)), seed);
    EXPECT_EQ(verdicts.violated, 0) << support::to_string(kind) << verdicts.last_violated;
  }
}

TEST(RateProbe, DefectsAreSeen) {
  for (const LimiterFault fault :
       {LimiterFault::off_by_some, LimiterFault::too_generous, LimiterFault::too_strict, LimiterFault::counts_refused,
        LimiterFault::lies, LimiterFault::per_instance, LimiterFault::drops_some, LimiterFault::unlimited}) {
    Verdicts verdicts;
    const int runs = property_cases(3);
    for (int seed = 1; seed <= runs; ++seed) {
      simulation::ProbeRun run = drawn(1000 + seed);
      run.limiter.fault = fault;
      run.claim.wrongly_refused_at_most = 0.01;
      run.claim.truthful_retry_after = true;
      verdicts.count(judged(run), seed);
    }
    EXPECT_EQ(verdicts.holds, 0) << static_cast<int>(fault) << verdicts.last_holds;
    EXPECT_GE(verdicts.violated * 10, runs * 9) << static_cast<int>(fault) << verdicts.last_inconclusive;
  }
}

TEST(RateProbe, TheAlgorithmThatIsClaimedIsHeldAgainstTheOneThatIsSeen) {
  simulation::ProbeRun run = drawn(3);
  run.limiter = {.kind = LimiterKind::token_bucket, .rate = 20, .burst = 10};
  run.claim = simulation::promised(run.limiter);
  run.claim.algorithm = "token-bucket";
  EXPECT_EQ(check_of(judged(run), "algorithm").verdict, Verdict::holds) << told(judged(run));
  run.claim.algorithm = "fixed-window";
  EXPECT_EQ(check_of(judged(run), "algorithm").verdict, Verdict::violated) << told(judged(run));
  run.limiter.kind = LimiterKind::fixed_window;
  EXPECT_EQ(check_of(judged(run), "algorithm").verdict, Verdict::holds) << told(judged(run));
}

TEST(RateProbe, WhoseQuotaItIs) {
  for (const bool own : {true, false}) {
    simulation::ProbeRun run = drawn(own ? 5 : 6);
    run.probe.vary = {{.name = "X-Api-Key", .value = "b", .own_quota = own},
                      {.attribute = ProbeVariant::Attribute::path, .value = "/b", .own_quota = !own}};
    run.own = {true, false};
    const Finding finding = judged(run);
    const Verdict expected = own ? Verdict::holds : Verdict::violated;
    EXPECT_EQ(check_of(finding, "header X-Api-Key").verdict, expected) << told(finding);
    EXPECT_EQ(check_of(finding, "path /b").verdict, expected) << told(finding);
    EXPECT_THAT(check_of(finding, "path /b").measured, HasSubstr("it shares the quota"));
  }
}

TEST(RateProbe, WhoKeepsWithinTheLimitIsNotHurtByWhoDoesNot) {
  simulation::ProbeRun run = drawn(7);
  run.probe.vary = {{.name = "X-Api-Key", .value = "b"}};
  run.claim.isolated = true;
  run.own = {true};
  EXPECT_EQ(check_of(judged(run), "isolated").verdict, Verdict::holds) << told(judged(run));
  run.own = {false};
  EXPECT_EQ(check_of(judged(run), "isolated").verdict, Verdict::violated) << told(judged(run));
}

TEST(RateProbe, RateAndConcurrencyAreToldApart) {
  simulation::ProbeRun run = drawn(8);
  run.probe.slow_on = "payments";
  run.probe.slow_by = milliseconds(300);
  run.slowed_ms = 300;
  EXPECT_EQ(check_of(judged(run), "rate-or-concurrency").verdict, Verdict::holds) << told(judged(run));
  run.slowed_ms = 0;
  EXPECT_EQ(check_of(judged(run), "rate-or-concurrency").verdict, Verdict::inconclusive);
  run.slowed_ms = 300;
  run.limiter = {.kind = LimiterKind::concurrency, .quota = 3};
  run.latency_ms = 150;
  run.claim = {.rate_per_second = 20, .burst = 10};
  const Finding finding = judged(run);
  EXPECT_EQ(check_of(finding, "rate-or-concurrency").verdict, Verdict::violated) << told(finding);
}

TEST(RateProbe, NothingRefusedIsNoVerdict) {
  simulation::ProbeRun run = drawn(9);
  run.limiter.fault = LimiterFault::unlimited;
  run.claim = {.rate_per_second = 20, .algorithm = "token-bucket"};
  run.probe.vary = {{.name = "X-Api-Key", .value = "b"}};
  const Finding finding = judged(run);
  EXPECT_NE(finding.verdict, Verdict::holds) << told(finding);
  EXPECT_EQ(check_of(finding, "algorithm").verdict, Verdict::inconclusive);
  EXPECT_EQ(check_of(finding, "header X-Api-Key").verdict, Verdict::inconclusive);
  for (const Check& check : finding.checks) {
    EXPECT_FALSE(check.expected.empty());
    EXPECT_NE(check.expected, "as the scenario says");
    EXPECT_NE(check.measured, "not measured") << check.name;
  }
}

// A log without the probe's requests, or with those of another schedule, is no verdict.
TEST(RateProbe, OtherRequestsAreNotTheProbes) {
  const simulation::ProbeRun run = drawn(10);
  events::Log log = simulation::simulate(run);
  for (events::Exchange& request : log.exchanges) request.request += 500'000'000;
  const Finding other = judge(log, simulation::scenario_of(run)).front();
  EXPECT_EQ(other.verdict, Verdict::inconclusive);
  EXPECT_THAT(other.summary, HasSubstr("not those of this schedule"));
  for (events::Exchange& request : log.exchanges) request.request %= 1000;
  EXPECT_EQ(judge(log, simulation::scenario_of(run)).front().verdict, Verdict::inconclusive);
}

}  // namespace
}  // namespace stormproof::verify
