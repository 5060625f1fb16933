#include "harness/verify/recovers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <optional>

#include "tests/verify/hand_log.h"
#include "tests/verify/recovery_simulation.h"

namespace stormproof::verify {
namespace {

// 100 requests/s; a second of steady state per `steady`, a second of outage, ten of recovery; bad until so long after
// the heal.
struct Course {
  double bad_ms = 0;
  double steady_ms = 5000;
  double recovery_ms = 10000;
  bool slow = false;   // bad means slow, else failing
  int background = 0;  // every so many requests fail, always
  bool own = false;    // slow by the generator's own delay
  double gap_ms = 10;  // after the heal
};

Finding judged(const Course& course, double within_ms, std::optional<double> first_ms = {}) {
  HandLog hand;
  const double on = course.steady_ms, heal = on + 1000, end = heal + course.recovery_ms;
  hand.phase(0, on, "steady state");
  hand.phase(on, heal, "outage");
  hand.faults(on, heal, "outage");
  hand.phase(heal, end, "recovery");
  int number = 0;
  for (double at = 0; at < end; at += at < heal ? 10 : course.gap_ms) {
    const bool bad = at >= on && at < heal + course.bad_ms;
    const bool background = course.background > 0 && ++number % course.background == 0;
    const double took = 5 + number % 7;
    auto& request = hand.request(at, bad && course.slow ? 80 : took, (bad && !course.slow) || background ? 500 : 200);
    if (course.own && bad) request.start = request.end - of_ms(took);
  }
  HandScenario plan(course.steady_ms);
  plan.add("outage", 1000).faults.push_back(HandScenario::fault("outage#1"));
  plan.add("recovery", course.recovery_ms);
  const View view(hand.log, plan.scenario);
  scenarios::RecoversExpectation claim{.within = of_ms(within_ms)};
  if (first_ms) claim.first_success_within = of_ms(*first_ms);
  return judge_recovers(view, view.phases()[2], claim);
}

TEST(Recovers, Verdicts) {
  EXPECT_EQ(judged({.bad_ms = 2000}, 3000).verdict, Verdict::holds);
  EXPECT_EQ(judged({.bad_ms = 2000}, 1000).verdict, Verdict::violated);
  EXPECT_EQ(judged({.bad_ms = 0}, 1000).verdict, Verdict::holds);
  EXPECT_EQ(judged({.bad_ms = 20000}, 4000).verdict, Verdict::violated);
  EXPECT_EQ(judged({.bad_ms = 20000}, 9500).verdict, Verdict::violated);
  EXPECT_EQ(judged({.bad_ms = 20000}, 9995).verdict, Verdict::inconclusive);
  EXPECT_EQ(judged({.bad_ms = 2000, .slow = true}, 3000).verdict, Verdict::holds);
  EXPECT_EQ(judged({.bad_ms = 2000, .slow = true}, 1000).verdict, Verdict::violated);
  EXPECT_EQ(judged({.bad_ms = 2000, .background = 20}, 3000).verdict, Verdict::holds);
  EXPECT_EQ(judged({.bad_ms = 2000, .steady_ms = 500}, 3000).verdict, Verdict::inconclusive);
}

// The requests were late as the harness was: nothing can be said, and nothing against the service.
TEST(Recovers, TheGeneratorsOwnDelayIsNoViolation) {
  const Finding finding = judged({.bad_ms = 20000, .slow = true, .own = true}, 4000);
  EXPECT_EQ(finding.verdict, Verdict::inconclusive) << finding.summary;
  EXPECT_THAT(finding.checks[0].missing, testing::HasSubstr("the harness's own delay"));
}

TEST(Recovers, SplitsHealFirstSuccessStable) {
  const Finding finding = judged({.bad_ms = 2000}, 3000);
  EXPECT_THAT(finding.checks[0].measured, testing::HasSubstr("first good answer 2.0"));
  EXPECT_THAT(finding.checks[0].measured, testing::HasSubstr("stable from 2.00 s on (known to 200 ms)"));
  ASSERT_EQ(finding.timeline.size(), 3u);
  EXPECT_EQ(finding.timeline[0].what, "healed");
  EXPECT_EQ(finding.timeline[1].what, "stable");
}

TEST(Recovers, TheFirstSuccessHasALimitOfItsOwn) {
  EXPECT_EQ(judged({.bad_ms = 2000}, 3000, 2500).verdict, Verdict::holds);
  const Finding late = judged({.bad_ms = 2000}, 3000, 1000);
  EXPECT_EQ(late.verdict, Verdict::violated);
  ASSERT_EQ(late.checks.size(), 2u);
  EXPECT_EQ(late.checks[0].verdict, Verdict::holds);
  EXPECT_EQ(late.checks[1].name, "first-success-within");
  EXPECT_EQ(judged({.bad_ms = 2000, .gap_ms = 900}, 3000, 1000).checks[1].verdict, Verdict::inconclusive);
}

// A few good answers after the heal are no recovery: nobody knows.
TEST(Recovers, AHandfulOfRequestsShowsNothing) {
  for (const double gap : {500.0, 1000.0, 3000.0}) {
    const Finding finding = judged({.bad_ms = 0, .gap_ms = gap}, 9000);
    EXPECT_EQ(finding.verdict, Verdict::inconclusive) << gap << ' ' << finding.summary;
    EXPECT_THAT(finding.summary, testing::HasSubstr("needs at least 100"));
  }
}

// Ten requests a second fill a window of two seconds: what failed after the limit shows it all the same.
TEST(Recovers, NoSuccessByTheLimitIsViolatedHoweverSparseTheTraffic) {
  for (const double gap : {20.0, 50.0, 100.0, 200.0}) {
    for (const double late : {600.0, 1500.0, 4000.0}) {
      const Course course{.bad_ms = 2000 + late, .recovery_ms = 12000, .gap_ms = gap};
      const Finding finding = judged(course, 2000);
      if (late / gap < 3) EXPECT_NE(finding.verdict, Verdict::holds) << finding.summary;
      else EXPECT_EQ(finding.verdict, Verdict::violated) << gap << ' ' << late << ' ' << finding.summary;
    }
  }
  // A phase that ends before it is stable, and a recovery too sparse to be called one.
  EXPECT_EQ(judged({.bad_ms = 2500, .recovery_ms = 2900}, 2000).verdict, Verdict::violated);
  EXPECT_EQ(judged({.bad_ms = 5000, .gap_ms = 400}, 2000).verdict, Verdict::violated);
  // Nothing was sent after the limit; or one request failed, as in the steady state one may.
  EXPECT_EQ(judged({.bad_ms = 2500, .recovery_ms = 2000}, 2000).verdict, Verdict::inconclusive);
  EXPECT_EQ(judged({.bad_ms = 2010, .gap_ms = 1000}, 2000).verdict, Verdict::inconclusive);
}

// Late by more than a few requests: never HOLDS. In time: never VIOLATED. At any rate, any limit.
TEST(Recovers, AnyRateAndAnyLimit) {
  int late_runs = 0, seen = 0;
  std::string wrong;
  for (int seed = 1; seed <= property_cases(150); ++seed) {
    Dice dice(property_seed(70000) + seed);
    const double gap = std::exp(dice.in(std::log(4), std::log(300)));
    const double within = dice.in(500, 5000);
    const bool late = dice.chance(0.5);
    const double bad = late ? within + gap * dice.in(6, 20) : within * dice.in(0, 0.95);
    const Course course{.bad_ms = bad,
                        .recovery_ms = bad + within + gap * dice.whole(40, 400),
                        .slow = dice.chance(0.3),
                        .background = dice.one_of({0, 0, 20}),
                        .gap_ms = gap};
    const Finding finding = judged(course, within);
    late_runs += late ? 1 : 0;
    seen += late && finding.verdict == Verdict::violated ? 1 : 0;
    if (finding.verdict == (late ? Verdict::holds : Verdict::violated))
      wrong += fmt::format("seed {} gap {} within {} bad {}: {}\n", seed, gap, within, bad, finding.summary);
  }
  EXPECT_EQ(wrong, "");
  EXPECT_GE(seen * 100, late_runs * 98);
}

Finding judged(const simulation::Patient& patient) {
  const RunLog run = simulation::simulate(patient);
  return judge(run.log,
               run.scenario({"payments"},
                            scenarios::RecoversExpectation{.within = of_ms(simulation::claimed_ms(patient))}, true))
      .front();
}

// Well for a second is not well.
TEST(Recovers, ARelapseIsNoRecovery) {
  Verdicts verdicts;
  const int runs = property_cases(40);
  for (int seed = 1; seed <= runs; ++seed) {
    simulation::Patient patient = simulation::drawn_patient(seed);
    patient.ailment = simulation::Ailment::relapses;
    verdicts.count(judged(patient), seed);
  }
  EXPECT_EQ(verdicts.violated, runs) << verdicts.last_holds << verdicts.last_inconclusive;
  simulation::Patient patient;
  patient.ailment = simulation::Ailment::relapses;
  patient.per_second = 300;
  patient.back_ms = 0;
  EXPECT_THAT(judged(patient).summary, testing::HasSubstr("fallen ill again")) << told(judged(patient));
}

// Three bad windows out of a hundred are none.
TEST(Recovers, AHiccupIsNoRelapse) {
  HandLog hand;
  hand.phase(0, 5000, "steady state");
  hand.phase(5000, 6000, "outage");
  hand.faults(5000, 6000, "outage");
  hand.phase(6000, 16000, "recovery");
  for (int at = 0; at < 16000; at += 5) {
    const bool bad = (at >= 5000 && at < 7000) || (at >= 11000 && at < 11300);
    hand.request(at, 5, bad ? 500 : 200);
  }
  HandScenario plan(5000);
  plan.add("outage", 1000).faults.push_back(HandScenario::fault("outage#1"));
  plan.add("recovery", 10000);
  const View view(hand.log, plan.scenario);
  const Finding finding = judge_recovers(view, view.phases()[2], {.within = of_ms(2000)});
  EXPECT_EQ(finding.verdict, Verdict::holds) << finding.summary;
}

TEST(Recovers, CorrectTwinsHoldAndDefectsAreSeen) {
  using simulation::Ailment;
  for (const Ailment ailment : {Ailment::none, Ailment::never_well, Ailment::well_late, Ailment::ill_for_some}) {
    Verdicts verdicts;
    const int runs = property_cases(30);
    for (int seed = 1; seed <= runs; ++seed) {
      simulation::Patient patient = simulation::drawn_patient(1000 + seed);
      patient.ailment = ailment;
      verdicts.count(judged(patient), seed);
    }
    const bool right = ailment == Ailment::none;
    EXPECT_EQ(right ? verdicts.violated : verdicts.holds, 0) << verdicts.last_violated << verdicts.last_holds;
    EXPECT_GE((right ? verdicts.holds : verdicts.violated) * 100, runs * 95) << verdicts.last_inconclusive;
  }
}

TEST(Recovers, NothingWasHealed) {
  HandLog hand;
  hand.phase(0, 1000, "steady state");
  hand.request(5, 1);
  const HandScenario plan(1000);
  const View view(hand.log, plan.scenario);
  const Finding finding = judge_recovers(view, view.phases()[0], {.within = of_ms(1000)});
  EXPECT_EQ(finding.verdict, Verdict::inconclusive);
  EXPECT_THAT(finding.summary, testing::HasSubstr("no fault was healed"));
}

}  // namespace
}  // namespace stormproof::verify
