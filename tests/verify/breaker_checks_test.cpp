// Exact checks of a few breakers whose behaviour is known to the call.
#include "harness/verify/breaker_checks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/verify/simulation.h"

namespace stormproof::verify {
namespace {

using simulation::Experiment;
using std::chrono::seconds;
using testing::HasSubstr;

struct Scene {
  Experiment experiment;
  simulation::Run run;
  Calls calls;
  explicit Scene(Experiment wanted) : experiment(std::move(wanted)), run(simulation::simulate(experiment)) {
    const auto scenario = simulation::scenario_of(experiment, {}, {});
    calls = calls_of(View(run.log, scenario), simulation::dependency);
  }
  Outage outage(std::optional<scenarios::Around> claim = {}) const {
    return outage_of(calls, run.faults_on, run.faults_off, claim);
  }
  Healing healing() const {
    return {.calls = &calls,
            .from = run.faults_on,
            .heal = run.faults_off,
            .to = run.faults_off + experiment.recovery,
            .sleep = experiment.breaker.sleep};
  }
};

constexpr scenarios::Around two_seconds{.value = seconds(2), .tolerance = 0.2};

TEST(BreakerChecks, OpensInTimeOrNot) {
  const Scene scene(Experiment{.poisson = false, .background_errors = 0});
  const Check in_time = check_opens(scene.outage(), seconds(1));
  EXPECT_EQ(in_time.verdict, Verdict::holds);
  EXPECT_THAT(in_time.measured, HasSubstr("5 failed calls"));
  Experiment late{.per_second = 100};
  late.breaker.consecutive = 0;
  late.breaker.volume = 300;
  late.breaker.rate = 0.9;
  late.breaker.rate_window = seconds(5);
  EXPECT_EQ(check_opens(Scene(late).outage(), seconds(1)).verdict, Verdict::violated);
}

TEST(BreakerChecks, LateButWithTooFewFailuresIsNoVerdict) {
  Experiment late{.per_second = 20};
  late.breaker.consecutive = 30;
  const Check check = check_opens(Scene(late).outage(two_seconds), seconds(1));
  EXPECT_EQ(check.verdict, Verdict::inconclusive);
  EXPECT_THAT(check.missing, HasSubstr("send more requests a second"));
}

TEST(BreakerChecks, NeverOpensNeedsAmpleFailures) {
  Experiment experiment;
  experiment.breaker.defect = simulation::Defect::never_opens;
  EXPECT_EQ(check_opens(Scene(experiment).outage(), seconds(3)).verdict, Verdict::violated);
  EXPECT_THAT(check_opens(Scene(experiment).outage(), seconds(30)).missing, HasSubstr("needs longer"));
  experiment.per_second = 10;
  EXPECT_THAT(check_opens(Scene(experiment).outage(), seconds(3)).missing,
              HasSubstr("an opening is due after 40 at the latest"));
}

TEST(BreakerChecks, CallsThatAreOnlySlowProveNothing) {
  Experiment experiment;
  experiment.failing = simulation::Failing::slow;
  experiment.timeout = std::chrono::hours(2);
  experiment.breaker.defect = simulation::Defect::never_opens;
  Scene scene(experiment);
  for (Call& call : scene.calls.calls) {
    if (call.injected)
      call = {.start = call.start,
              .end = call.start + std::chrono::milliseconds(80),
              .request_start = call.request_start,
              .request = call.request,
              .slow = true,
              .injected = true};
  }
  std::ranges::sort(scene.calls.by_end, {}, [&](std::uint32_t place) { return scene.calls.calls[place].end; });
  const Check check = check_opens(scene.outage(), seconds(3));
  EXPECT_EQ(check.verdict, Verdict::inconclusive);
  EXPECT_THAT(check.missing, HasSubstr("longer than the service's timeout"));
}

TEST(BreakerChecks, AFewLeaksMayBeAllowed) {
  Experiment experiment;
  experiment.breaker.defect = simulation::Defect::leaks;
  const Scene scene(experiment);
  const auto truth = scene.run.truth.leaked.size();
  ASSERT_GT(truth, 3u);
  EXPECT_EQ(check_leaks(scene.outage(two_seconds), 0, true).verdict, Verdict::violated);
  EXPECT_EQ(check_leaks(scene.outage(two_seconds), truth + 5, true).verdict, Verdict::holds);
}

TEST(BreakerChecks, AShortPhaseShowsNoPeriod) {
  Experiment experiment;
  experiment.outage = seconds(5);
  const Check check = check_probes(Scene(experiment).outage(two_seconds), two_seconds);
  EXPECT_EQ(check.verdict, Verdict::inconclusive);
  EXPECT_THAT(check.missing, HasSubstr("needs at least 6.00 s"));
}

TEST(BreakerChecks, NoProbeAtAllIsViolated) {
  Experiment experiment;
  experiment.breaker.defect = simulation::Defect::never_half_opens;
  const Check check = check_probes(Scene(experiment).outage(two_seconds), two_seconds);
  EXPECT_EQ(check.verdict, Verdict::violated);
  EXPECT_THAT(check.measured, HasSubstr("no probe for 19.9"));
}

TEST(BreakerChecks, ClosesAfterTheHeal) {
  const Scene scene(Experiment{.background_errors = 0});
  Healing healing = scene.healing();
  EXPECT_EQ(check_closes(healing, seconds(3)).verdict, Verdict::holds);
  ASSERT_TRUE(healing.closed);
  EXPECT_EQ(check_closes(healing, std::chrono::milliseconds(1)).verdict, Verdict::violated);
  EXPECT_FALSE(healing.suppressed_late.empty());
}

TEST(BreakerChecks, NothingToCloseWhereNothingOpened) {
  Experiment experiment;
  experiment.breaker.defect = simulation::Defect::never_opens;
  const Scene scene(experiment);
  Healing healing = scene.healing();
  EXPECT_THAT(check_closes(healing, seconds(3)).missing, HasSubstr("never opened before the heal"));
}

TEST(BreakerChecks, AShortRecoveryShowsNoClosing) {
  Experiment experiment;
  experiment.recovery = std::chrono::milliseconds(500);
  experiment.breaker.defect = simulation::Defect::stuck_half_open;
  const Scene scene(experiment);
  Healing healing = scene.healing();
  EXPECT_THAT(check_closes(healing, seconds(3)).missing, HasSubstr("was not seen closed"));
}

}  // namespace
}  // namespace stormproof::verify
