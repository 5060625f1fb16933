// Property tests over simulated limiters: random limits, right and defective; and cases by hand.
#include "harness/verify/rate_limit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/verify/judge.h"
#include "tests/verify/hand_log.h"
#include "tests/verify/properties.h"
#include "tests/verify/subject_draws.h"

namespace stormproof::verify {
namespace {

using scenarios::RateLimitExpectation;
using simulation::claim_of;
using simulation::drawn_limiter;
using simulation::Limiter;
using simulation::LimiterDefect;
using simulation::Limiting;
using std::chrono::milliseconds;
using std::chrono::seconds;

Finding judged(const Limiter& limiter, const RateLimitExpectation& claim) {
  return judge(simulation::simulate(limiter), simulation::scenario_of(limiter, claim)).front();
}
Finding judged(const Limiter& limiter) { return judged(limiter, claim_of(limiter)); }

TEST(RateLimit, CorrectTwinsHold) {
  Verdicts verdicts;
  const int runs = property_cases(60);
  for (int seed = 1; seed <= runs; ++seed) {
    Limiter limiter = drawn_limiter(seed);
    limiter.callers = seed % 4 == 0 ? 3 : 1;
    verdicts.count(judged(limiter), seed);
  }
  EXPECT_EQ(verdicts.violated, 0) << verdicts.last_violated;
  EXPECT_GE(verdicts.holds * 100, runs * 95) << verdicts.last_inconclusive;
}

// Limiters of other classes keep their rate, too; what a bucket would do is not asked of them.
TEST(RateLimit, CorrectTwinsOfOtherClassesHold) {
  for (const Limiting limiting : {Limiting::fixed_window, Limiting::sliding_log, Limiting::leaky_queue}) {
    Verdicts verdicts;
    int rates = 0;
    const int runs = property_cases(40);
    for (int seed = 1; seed <= runs; ++seed) {
      Limiter limiter = drawn_limiter(500 + seed, limiting);
      RateLimitExpectation claim{.rate_per_second = limiter.rate, .truthful_retry_after = true};
      claim.burst = static_cast<std::uint64_t>(limiter.burst) * (limiting == Limiting::leaky_queue ? 1 : 2);
      const Finding finding = judged(limiter, claim);
      verdicts.count(finding, seed);
      rates += finding.checks[0].verdict == Verdict::holds ? 1 : 0;
    }
    EXPECT_EQ(verdicts.violated, 0) << static_cast<int>(limiting) << verdicts.last_violated;
    EXPECT_GE(rates * 100, runs * 70) << static_cast<int>(limiting) << verdicts.last_inconclusive;
  }
}

// What a queue admits comes at an even pace, so that its burst does not show; it was taken for a limit that is shut.
TEST(RateLimit, AQueueIsNotShutWhereNoBurstIsClaimed) {
  Verdicts verdicts;
  const int runs = property_cases(40);
  for (int seed = 1; seed <= runs; ++seed) {
    const Limiter limiter = drawn_limiter(700 + seed, Limiting::leaky_queue);
    verdicts.count(judged(limiter, {.rate_per_second = limiter.rate}), seed);
  }
  EXPECT_EQ(verdicts.violated, 0) << verdicts.last_violated;
  EXPECT_GE(verdicts.holds * 100, runs * 70) << verdicts.last_inconclusive;
}

// The phase begins when the burst is spent already: what it held shows only in the time before. It was taken for right.
TEST(RateLimit, ABurstSpentBeforeThePhaseIsNotOneThatIsKept) {
  Verdicts defective;
  Verdicts twins;
  const int runs = property_cases(40);
  for (int seed = 1; seed <= runs; ++seed) {
    for (const LimiterDefect defect : {LimiterDefect::off_by_some, LimiterDefect::none}) {
      Limiter limiter = drawn_limiter(900 + seed);
      limiter.defect = defect;
      limiter.burst = std::max(limiter.burst, 4);
      limiter.off_by = 3;
      events::Log log = simulation::simulate(limiter);
      for (const std::size_t mark : {1U, 2U}) log.marks[mark].at += milliseconds(seed % 2 == 0 ? 300 : 3);
      const Finding finding = judge(log, simulation::scenario_of(limiter, claim_of(limiter))).front();
      (defect == LimiterDefect::none ? twins : defective).count(finding, seed);
    }
  }
  EXPECT_EQ(defective.holds, 0) << defective.last_holds;
  EXPECT_EQ(twins.violated, 0) << twins.last_violated;
  EXPECT_GE(twins.holds * 100, runs * 80) << twins.last_inconclusive;
}

struct Mutant {
  LimiterDefect defect;
  Limiting limiting;
  int callers = 1;
  int seen = 95;  // of 100; none ever holds
};

TEST(RateLimit, DefectsAreSeen) {
  for (const Mutant& mutant :
       {Mutant{LimiterDefect::off_by_some, Limiting::token_bucket},
        Mutant{LimiterDefect::too_generous, Limiting::token_bucket},
        Mutant{LimiterDefect::too_strict, Limiting::token_bucket, 1, 50},
        Mutant{LimiterDefect::counts_refused, Limiting::token_bucket},
        Mutant{LimiterDefect::counts_refused, Limiting::sliding_log},
        Mutant{LimiterDefect::lies, Limiting::token_bucket}, Mutant{LimiterDefect::lies, Limiting::fixed_window},
        Mutant{LimiterDefect::per_instance, Limiting::token_bucket},
        Mutant{LimiterDefect::one_for_all, Limiting::token_bucket, 3},
        Mutant{LimiterDefect::drops_some, Limiting::token_bucket, 3},
        Mutant{LimiterDefect::unlimited, Limiting::token_bucket}}) {
    Verdicts verdicts;
    const int runs = property_cases(25);
    for (int seed = 1; seed <= runs; ++seed) {
      Limiter limiter = drawn_limiter(1000 + seed, mutant.limiting);
      limiter.defect = mutant.defect;
      limiter.callers = mutant.callers;
      verdicts.count(judged(limiter), seed);
    }
    EXPECT_EQ(verdicts.holds, 0) << static_cast<int>(mutant.defect) << ' ' << verdicts.last_holds;
    EXPECT_GE(verdicts.violated * 100, runs * mutant.seen)
        << static_cast<int>(mutant.defect) << ' ' << verdicts.last_inconclusive;
  }
}

TEST(RateLimit, StarvedRunsAreInconclusive) {
  Verdicts slow;
  Verdicts brief;
  const int runs = property_cases(40);
  for (int seed = 1; seed <= runs; ++seed) {
    Limiter limiter = drawn_limiter(2000 + seed);
    limiter.offered = 0.5;
    limiter.comes_at_once = false;
    slow.count(judged(limiter), seed);
    limiter = drawn_limiter(2000 + seed);
    limiter.lasting = milliseconds(1000);
    brief.count(judged(limiter), seed);
  }
  EXPECT_EQ(slow.inconclusive, runs) << slow.last_holds << slow.last_violated;
  EXPECT_THAT(slow.last_inconclusive, testing::HasSubstr("the limit was not reached; send at least"));
  EXPECT_EQ(brief.violated, 0) << brief.last_violated;
  EXPECT_GE(brief.inconclusive * 100, runs * 90) << brief.last_holds;
}

TEST(RateLimit, AnUnspentBurstIsNoVerdict) {
  Limiter limiter;
  limiter.steady = seconds(5);
  limiter.comes_at_once = false;
  events::Log log = simulation::simulate(limiter);
  // The limit was reached before the phase, too.
  for (int at = 0; at < 40; ++at) {
    events::Exchange request = log.exchanges.front();
    request.intended = request.start = log.marks[1].at - milliseconds(400) + milliseconds(10 * at);
    request.end = request.first_byte = request.start + milliseconds(1);
    log.exchanges.push_back(request);
  }
  std::erase_if(log.exchanges, [&](const events::Exchange& request) {
    return request.start > log.marks[1].at && request.start < log.marks[1].at + milliseconds(700);
  });
  const Finding finding = judge(log, simulation::scenario_of(limiter, {.rate_per_second = 20, .burst = 100})).front();
  EXPECT_EQ(finding.checks[1].verdict, Verdict::inconclusive) << told(finding);
  EXPECT_THAT(finding.checks[1].missing, testing::HasSubstr("the burst was never spent"));
}

// The true rate and burst lie in the reported intervals.
TEST(RateLimit, TheIntervalsHoldTheTruth) {
  int inside = 0;
  const int runs = property_cases(60);
  for (int seed = 1; seed <= runs; ++seed) {
    Limiter limiter = drawn_limiter(3000 + seed);
    limiter.poisson = false;
    const Finding finding = judged(limiter);
    const auto& estimate = finding.checks[0].estimate;
    ASSERT_TRUE(estimate) << told(finding);
    inside += estimate->low * 0.995 <= limiter.rate && limiter.rate <= estimate->high * 1.005 ? 1 : 0;
    EXPECT_LT(estimate->high / estimate->low, 1.06) << told(finding);
  }
  EXPECT_GE(inside * 100, runs * 95);
}

// An interval has two ends that can be told apart.
TEST(RateLimit, AnIntervalIsReadable) {
  for (int seed = 1; seed <= 20; ++seed) {
    const std::string measured = judged(drawn_limiter(seed)).checks[0].measured;
    double low = 0, high = 0;
    if (std::sscanf(measured.c_str(), "%lf/s to %lf/s", &low, &high) == 2) EXPECT_LT(low, high) << measured;
  }
}

TEST(RateLimit, WhatCannotBeJudgedStillSaysWhatIsClaimed) {
  Limiter limiter;
  limiter.offered = 0.5;
  limiter.comes_at_once = false;
  const Finding finding = judged(limiter);
  EXPECT_EQ(finding.verdict, Verdict::inconclusive);
  EXPECT_EQ(finding.checks.front().expected, "20/s ± 5% in the long run");
  for (const Check& check : finding.checks) {
    EXPECT_THAT(check.measured, testing::HasSubstr("requests refused")) << check.name;
    EXPECT_THAT(check.missing, testing::HasSubstr("probe: rate-limit")) << check.name;
  }
}

TEST(RateLimit, ARefusalOfGrpcIsOne) {
  Limiter limiter;
  events::Log log = simulation::simulate(limiter);
  for (events::Exchange& request : log.exchanges) {
    if (request.status != 429) continue;
    request.status = 200;
    request.advice.grpc_status = events::grpc_resource_exhausted;
  }
  EXPECT_EQ(judge(log, simulation::scenario_of(limiter, {.rate_per_second = 20, .burst = 10})).front().verdict,
            Verdict::holds);
}

TEST(RateLimit, ShowsTheWindowThatIsTooFull) {
  Limiter limiter;
  limiter.defect = LimiterDefect::per_instance;
  const Finding finding = judged(limiter, {.rate_per_second = 20, .burst = 10});
  EXPECT_EQ(finding.verdict, Verdict::violated);
  EXPECT_THAT(finding.summary, testing::HasSubstr("The rate limit does not work as claimed"));
  EXPECT_FALSE(finding.exchanges.empty());
  std::vector<std::string> instants;
  for (const Instant& instant : finding.timeline) instants.push_back(instant.what);
  EXPECT_THAT(instants, testing::IsSupersetOf({"too many are admitted from here", "to here"}));
}

TEST(RateLimit, AnotherStatusIsAskedFor) {
  Limiter limiter;
  events::Log log = simulation::simulate(limiter);
  for (events::Exchange& request : log.exchanges) {
    if (request.status == 429) request.status = 503;
  }
  const Finding finding = judge(log, simulation::scenario_of(limiter, {.rate_per_second = 20})).front();
  EXPECT_EQ(finding.verdict, Verdict::inconclusive);
  EXPECT_THAT(finding.summary, testing::HasSubstr("or state status: 503"));
  EXPECT_EQ(judge(log, simulation::scenario_of(limiter, {.rate_per_second = 20, .status = 503})).front().verdict,
            Verdict::holds);
}

TEST(RateLimit, WithoutTheHeaderThereAreNoCallers) {
  Limiter limiter;
  events::Log log = simulation::simulate(limiter);
  for (events::Exchange& request : log.exchanges) request.key = 0;
  const Finding finding =
      judge(log, simulation::scenario_of(limiter, {.rate_per_second = 20, .per = "X-Api-Key"})).front();
  EXPECT_EQ(finding.verdict, Verdict::inconclusive);
  EXPECT_THAT(finding.summary, testing::HasSubstr("no request carried the header X-Api-Key"));
}

}  // namespace
}  // namespace stormproof::verify
