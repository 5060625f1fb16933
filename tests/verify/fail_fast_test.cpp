#include "harness/verify/fail_fast.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "harness/verify/judge.h"
#include "tests/verify/simulation.h"

namespace stormproof::verify {
namespace {

using simulation::Experiment;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

constexpr milliseconds bound{50};

Check checked(const Experiment& experiment) {
  const simulation::Run run = simulation::simulate(experiment);
  const auto scenario = simulation::scenario_of(experiment, {}, {});
  const View view(run.log, scenario);
  const Calls calls = calls_of(view, simulation::dependency);
  return check_fails_fast(outage_of(calls, run.faults_on, run.faults_off, {}), bound);
}

std::string told(std::uint64_t seed, const Check& check) {
  return fmt::format("seed {}: {} {} | {}\n", seed, to_string(check.verdict), check.measured, check.missing);
}

Experiment random_experiment(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto in = [&](double low, double high) { return std::uniform_real_distribution<double>(low, high)(random); };
  Experiment experiment;
  experiment.seed = seed;
  experiment.per_second = in(60, 200);
  experiment.failing = in(0, 1) < 0.5 ? simulation::Failing::fast : simulation::Failing::hanging;
  experiment.timeout = milliseconds(static_cast<int>(in(100, 500)));
  experiment.background_errors = in(0, 0.05);
  experiment.breaker.sleep = milliseconds(static_cast<int>(in(800, 2500)));
  return experiment;
}

TEST(FailFast, AnOpenBreakerThatAnswersAtOnceHolds) {
  std::string wrong;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    Experiment experiment = random_experiment(seed);
    // With their spread of 0.5, hardly one in a thousand takes 50 ms.
    experiment.breaker.rejects_in = std::chrono::microseconds(static_cast<int>(200 + 300 * (seed % 30)));
    if (const Check check = checked(experiment); check.verdict != Verdict::holds) wrong += told(seed, check);
  }
  EXPECT_EQ(wrong, "");
}

TEST(FailFast, OneThatTakesItsTimeIsViolated) {
  std::string wrong;
  for (std::uint64_t seed = 101; seed <= 140; ++seed) {
    Experiment experiment = random_experiment(seed);
    experiment.breaker.rejects_in = milliseconds(60 + 10 * static_cast<int>(seed % 20));
    if (const Check check = checked(experiment); check.verdict != Verdict::violated) wrong += told(seed, check);
  }
  EXPECT_EQ(wrong, "");
}

// As cockatiel does: measured there, 370 ms at p99.
TEST(FailFast, CallersThatWaitBehindTheProbeAreSeen) {
  std::string wrong;
  for (std::uint64_t seed = 201; seed <= 240; ++seed) {
    Experiment experiment = random_experiment(seed);
    experiment.failing = simulation::Failing::hanging;
    experiment.timeout = milliseconds(300);
    experiment.breaker.queues_behind_probe = true;
    if (const Check check = checked(experiment); check.verdict != Verdict::violated) wrong += told(seed, check);
  }
  EXPECT_EQ(wrong, "");
}

TEST(FailFast, TooFewRequestsAreNoVerdict) {
  Experiment experiment;
  experiment.per_second = 20;
  experiment.outage = seconds(10);
  const Check check = checked(experiment);
  EXPECT_EQ(check.verdict, Verdict::inconclusive) << told(1, check);
  EXPECT_THAT(check.missing, HasSubstr("needs at least 299"));
}

TEST(FailFast, WithoutTraceIdsThereIsNoVerdict) {
  Experiment experiment;
  experiment.correlated = false;
  experiment.other_class = 0;
  experiment.breaker.rejects_in = milliseconds(500);
  const Check check = checked(experiment);
  EXPECT_EQ(check.verdict, Verdict::inconclusive) << told(1, check);
  EXPECT_THAT(check.missing, HasSubstr("send traceparent"));
}

TEST(FailFast, ABreakerThatNeverOpensHasNothingToFailFast) {
  Experiment experiment;
  experiment.breaker.defect = simulation::Defect::never_opens;
  const Check check = checked(experiment);
  EXPECT_EQ(check.verdict, Verdict::inconclusive) << told(1, check);
  EXPECT_THAT(check.missing, HasSubstr("never opened"));
}

// Some of the suppressed requests hang for ever: they called nobody and heard nothing.
TEST(FailFast, AnAnswerThatNeverComesIsNotFast) {
  Experiment experiment;
  simulation::Run run = simulation::simulate(experiment);
  int hung = 0;
  for (events::Exchange& request : run.log.exchanges) {
    const bool rejected = request.side == events::Side::ingress && request.status == 503;
    if (!rejected || request.request % 20 != 0) continue;
    request.outcome = events::Outcome::head_timeout;
    request.status = 0;
    request.end = request.start + seconds(30);
    ++hung;
  }
  ASSERT_GT(hung, 30);
  const auto scenario = simulation::scenario_of(experiment, {}, {});
  const View view(run.log, scenario);
  const Calls calls = calls_of(view, simulation::dependency);
  const Outage outage = outage_of(calls, run.faults_on, run.faults_off, {});
  const Check check = check_fails_fast(outage, bound);
  EXPECT_EQ(check.verdict, Verdict::violated) << told(1, check);
  EXPECT_THAT(check.measured, HasSubstr("p99 no answer"));
  EXPECT_EQ(slow_while_open(outage, bound).size(), 20u);
}

TEST(FailFast, ItIsACheckOfTheExpectation) {
  Experiment experiment;
  experiment.breaker.rejects_in = milliseconds(200);
  scenarios::BreakerExpectation claim;
  claim.on = std::string(simulation::dependency);
  claim.fails_fast_within = bound;
  scenarios::BreakerExpectation closes;
  closes.on = claim.on;
  closes.closes_within = seconds(9);
  const auto findings = judge(simulation::simulate(experiment).log, simulation::scenario_of(experiment, claim, closes));
  ASSERT_EQ(findings[0].checks.size(), 1u);
  EXPECT_EQ(findings[0].checks[0].name, "fails-fast-within");
  EXPECT_EQ(findings[0].verdict, Verdict::violated) << findings[0].summary;
  EXPECT_FALSE(findings[0].exchanges.empty());
}

}  // namespace
}  // namespace stormproof::verify
