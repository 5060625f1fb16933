// Property tests over simulated clients: random retries, right and defective; and cases by hand.
#include "harness/verify/retries.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/verify/judge.h"
#include "tests/verify/hand_log.h"
#include "tests/verify/properties.h"
#include "tests/verify/subject_draws.h"

namespace stormproof::verify {
namespace {

using scenarios::Around;
using scenarios::RetriesExpectation;
using simulation::Client;
using simulation::ClientDefect;
using simulation::drawn_retries;
using simulation::retries_claim;
using std::chrono::milliseconds;
using std::chrono::seconds;

Finding judged(const Client& client, const RetriesExpectation& claim) {
  return judge(simulation::simulate(client), simulation::scenario_of(client, claim)).front();
}

TEST(Retries, CorrectTwinsHold) {
  Verdicts verdicts;
  const int runs = property_cases(40);
  for (int seed = 1; seed <= runs; ++seed) {
    const Client client = drawn_retries(seed);
    verdicts.count(judged(client, retries_claim(client)), seed);
  }
  EXPECT_LE(verdicts.violated * 100, runs) << verdicts.last_violated;
  EXPECT_GE(verdicts.holds * 100, runs * 95) << verdicts.last_inconclusive;
}

TEST(Retries, DefectsAreSeen) {
  for (const ClientDefect defect : {ClientDefect::repeats_for_ever, ClientDefect::one_more,
                                    ClientDefect::repeats_writes, ClientDefect::no_jitter, ClientDefect::no_growth}) {
    Verdicts verdicts;
    const int runs = property_cases(20);
    for (int seed = 1; seed <= runs; ++seed) {
      Client client = drawn_retries(1000 + seed);
      client.defect = defect;
      verdicts.count(judged(client, retries_claim(client)), seed);
    }
    EXPECT_EQ(verdicts.holds, 0) << static_cast<int>(defect) << ' ' << verdicts.last_holds;
    EXPECT_GE(verdicts.violated * 100, runs * 98) << static_cast<int>(defect) << ' ' << verdicts.last_inconclusive;
  }
}

TEST(Retries, RetryAfterIsHonouredOrNot) {
  Verdicts honoured;
  Verdicts ignored;
  const int runs = property_cases(20);
  for (int seed = 1; seed <= runs; ++seed) {
    Client client = drawn_retries(2000 + seed);
    client.retry_after = Dice(seed).one_of({1U, 2U});
    const RetriesExpectation claim{.on = "payments", .honours_retry_after = true};
    honoured.count(judged(client, claim), seed);
    client.defect = ClientDefect::ignores_the_answer;
    ignored.count(judged(client, claim), seed);
  }
  EXPECT_EQ(honoured.holds, runs) << honoured.last_violated << honoured.last_inconclusive;
  EXPECT_EQ(ignored.violated, runs) << ignored.last_holds << ignored.last_inconclusive;
}

TEST(Retries, AnUnsaidRetryAfterCannotBeHonoured) {
  const Finding finding = judged(drawn_retries(1), {.on = "payments", .honours_retry_after = true});
  EXPECT_EQ(finding.verdict, Verdict::inconclusive);
  EXPECT_THAT(finding.checks[0].missing, testing::HasSubstr("Retry-After"));
}

// The plateau of a budget: 1 + b, at every share of failures.
TEST(Retries, ABudgetHoldsAmplificationDown) {
  Verdicts kept;
  Verdicts none;
  const int runs = property_cases(20);
  for (int seed = 1; seed <= runs; ++seed) {
    Dice dice(seed);
    Client client = drawn_retries(3000 + seed);
    client.writes = 0;
    client.share = dice.one_of({0.5, 1.0});
    client.budget = dice.in(0.1, 0.3);
    RetriesExpectation claim{.on = "payments", .amplification_at_most = 1 + client.budget + 0.05};
    kept.count(judged(client, claim), seed);
    client.defect = ClientDefect::no_budget;
    none.count(judged(client, claim), seed);
  }
  EXPECT_EQ(kept.violated, 0) << kept.last_violated;
  EXPECT_GE(kept.holds * 100, runs * 95) << kept.last_inconclusive;
  EXPECT_EQ(none.violated, runs) << none.last_holds << none.last_inconclusive;
}

TEST(Retries, StarvedRunsAreInconclusive) {
  Verdicts verdicts;
  const int runs = property_cases(20);
  for (int seed = 1; seed <= runs; ++seed) {
    Client client = drawn_retries(4000 + seed);
    client.per_second = 2;
    RetriesExpectation claim = retries_claim(client);
    claim.amplification_at_most = client.attempts;
    verdicts.count(judged(client, claim), seed);
  }
  EXPECT_EQ(verdicts.inconclusive, runs) << verdicts.last_holds << verdicts.last_violated;
}

TEST(Retries, WithoutTraceIdsThereIsNoVerdict) {
  Client client = drawn_retries(1);
  client.correlated = false;
  const Finding finding = judged(client, retries_claim(client));
  EXPECT_EQ(finding.verdict, Verdict::inconclusive);
  EXPECT_THAT(finding.summary, testing::HasSubstr("send traceparent"));
}

// Two calls for each request, both good: no repetition, and none can be told.
TEST(Retries, SeveralCallsForARequestAreNoRetries) {
  HandLog hand;
  hand.phase(0, 5000, "steady state");
  hand.phase(5000, 10000, "down");
  hand.faults(5000, 10000, "down");
  for (int at = 0; at < 500; ++at) {
    hand.request(at * 20, 9);
    for (int call = 0; call < 2; ++call)
      hand.call(at * 20 + 1 + call * 4, 2, at < 250 ? 200 : 503, at < 250 ? "" : "down#1");
  }
  HandScenario plan(5000);
  plan.add("down", 5000).faults = {HandScenario::fault("down#1")};
  const View view(hand.log, plan.scenario);
  const Finding finding = judge_retries(view, view.phases()[1], {.on = "payments", .attempts_at_most = 1});
  EXPECT_EQ(finding.verdict, Verdict::inconclusive) << told(finding);
  EXPECT_THAT(finding.summary, testing::HasSubstr("several times when it is well"));
}

TEST(Retries, SaysWhatShowsIt) {
  Client client = drawn_retries(7);
  client.defect = ClientDefect::repeats_writes;
  const Finding finding = judged(client, RetriesExpectation{.on = "payments", .repeated_writes_at_most = 0});
  EXPECT_EQ(finding.verdict, Verdict::violated);
  EXPECT_EQ(finding.exchanges.size(), 20u);
  EXPECT_EQ(finding.timeline.back().what, "a write sent again");
}

}  // namespace
}  // namespace stormproof::verify
