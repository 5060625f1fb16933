#include "harness/verify/errors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/verify/hand_log.h"

namespace stormproof::verify {
namespace {

Finding judged(int requests, int failing, double at_most, std::uint16_t status = 500) {
  HandLog hand;
  hand.phase(0, 10000, "steady state");
  for (int at = 0; at < requests; ++at) hand.request(at, 1, at < failing ? status : 200);
  const HandScenario plan(10000);
  const View view(hand.log, plan.scenario);
  return judge_errors(view, view.phases()[0], {.at_most = at_most});
}

TEST(Errors, Verdicts) {
  struct Row {
    int requests, failing;
    double at_most;
    Verdict verdict;
  };
  for (const Row& row :
       {Row{1000, 0, 0.01, Verdict::holds}, Row{1000, 100, 0.01, Verdict::violated},
        Row{1000, 9, 0.01, Verdict::inconclusive}, Row{100, 0, 0.01, Verdict::inconclusive},
        Row{299, 0, 0.01, Verdict::holds}, Row{0, 0, 0.01, Verdict::inconclusive}, Row{30, 0, 0, Verdict::holds},
        Row{29, 0, 0, Verdict::inconclusive}, Row{5, 1, 0, Verdict::violated}}) {
    const Finding finding = judged(row.requests, row.failing, row.at_most);
    EXPECT_EQ(finding.verdict, row.verdict) << row.failing << " of " << row.requests << ": " << finding.summary;
    EXPECT_EQ(finding.checks[0].missing.empty(), row.verdict != Verdict::inconclusive);
  }
}

TEST(Errors, AFindingSaysAllOfIt) {
  const Finding finding = judged(1000, 100, 0.01);
  EXPECT_EQ(finding.summary, "100 of 1000 requests failed (10%), above the limit of 1%.");
  EXPECT_EQ(finding.checks[0].expected, "at most 1% of the requests fail");
  EXPECT_EQ(finding.checks[0].samples, 1000u);
  EXPECT_EQ(finding.exchanges.size(), finding_exchanges_max);
  EXPECT_EQ(finding.exchanges.front(), 1u);
}

TEST(Errors, SaysHowManyRequestsWouldDecide) {
  EXPECT_THAT(judged(100, 0, 0.01).checks[0].missing, testing::HasSubstr("about 30"));
}

TEST(Errors, NoAnswerIsAFailureAnd499IsNot) {
  EXPECT_EQ(judged(100, 100, 0.5, 0).verdict, Verdict::violated);
  EXPECT_EQ(judged(100, 100, 0.5, 499).verdict, Verdict::holds);
}

}  // namespace
}  // namespace stormproof::verify
