// Property tests over simulated clients: random retries, right and defective; and cases by hand.
#include "harness/verify/retries.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/verify/client_runs.h"
#include "tests/verify/hand_log.h"

namespace stormproof::verify {
namespace {

using scenarios::Around;
using scenarios::RetriesExpectation;
using simulation::Client;
using simulation::ClientDefect;
using std::chrono::milliseconds;
using std::chrono::seconds;

Client random_client(int seed) {
  Dice dice(seed);
  Client client = client_of(seed);
  client.per_second = dice.in(100, 250);
  client.outage = seconds(15);
  client.share = dice.one_of({1.0, 1.0, 0.8});
  client.background_errors = dice.one_of({0.0, 0.05});
  client.attempts = dice.whole(3, 5);
  client.backoff = milliseconds(dice.whole(30, 200));
  client.factor = dice.one_of({1.5, 2.0, 3.0});
  client.jitter = dice.one_of({0.25, 0.5});
  return client;
}

RetriesExpectation claim_of(const Client& client) {
  RetriesExpectation claim{.on = "payments"};
  claim.attempts_at_most = static_cast<std::uint64_t>(client.attempts);
  claim.repeated_writes_at_most = 0;
  claim.first_backoff = Around{.value = client.backoff, .tolerance = 0.2};
  claim.backoff_factor = client.factor;
  claim.jitter_at_least = 0.15;
  return claim;
}

TEST(Retries, CorrectTwinsHold) {
  Verdicts verdicts;
  const int runs = property_cases(40);
  for (int seed = 1; seed <= runs; ++seed) {
    const Client client = random_client(seed);
    verdicts.count(judged(client, claim_of(client)), seed);
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
      Client client = random_client(1000 + seed);
      client.defect = defect;
      verdicts.count(judged(client, claim_of(client)), seed);
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
    Client client = random_client(2000 + seed);
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
  const Finding finding = judged(random_client(1), RetriesExpectation{.on = "payments", .honours_retry_after = true});
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
    Client client = random_client(3000 + seed);
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
    Client client = random_client(4000 + seed);
    client.per_second = 2;
    RetriesExpectation claim = claim_of(client);
    claim.amplification_at_most = client.attempts;
    verdicts.count(judged(client, claim), seed);
  }
  EXPECT_EQ(verdicts.inconclusive, runs) << verdicts.last_holds << verdicts.last_violated;
}

TEST(Retries, WithoutTraceIdsThereIsNoVerdict) {
  Client client = random_client(1);
  client.correlated = false;
  const Finding finding = judged(client, claim_of(client));
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
  Client client = random_client(7);
  client.defect = ClientDefect::repeats_writes;
  const Finding finding = judged(client, RetriesExpectation{.on = "payments", .repeated_writes_at_most = 0});
  EXPECT_EQ(finding.verdict, Verdict::violated);
  EXPECT_EQ(finding.exchanges.size(), 20u);
  EXPECT_EQ(finding.timeline.back().what, "a write sent again");
}

}  // namespace
}  // namespace stormproof::verify
