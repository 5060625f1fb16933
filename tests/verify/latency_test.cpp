#include "harness/verify/latency.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/verify/hand_log.h"

namespace stormproof::verify {
namespace {

struct Load {
  int requests = 1000;
  int slow = 0;
  int unanswered = 0;
};

Finding judged(const Load& load, std::vector<scenarios::LatencyExpectation::Limit> limits) {
  HandLog hand;
  hand.phase(0, 10000, "steady state");
  for (int at = 0; at < load.requests; ++at)
    hand.request(at, at < load.slow ? 200 : 10, at >= load.requests - load.unanswered ? 0 : 200);
  const HandScenario plan(10000);
  const View view(hand.log, plan.scenario);
  return judge_latency(view, view.phases()[0], {.limits = std::move(limits)});
}

TEST(Latency, Verdicts) {
  const auto p99 = [](const Load& load) { return judged(load, {{.quantile = 0.99, .at_most = of_ms(100)}}).verdict; };
  EXPECT_EQ(p99({.requests = 1000}), Verdict::holds);
  EXPECT_EQ(p99({.requests = 1000, .slow = 3}), Verdict::holds);
  EXPECT_EQ(p99({.requests = 1000, .slow = 9}), Verdict::inconclusive);
  EXPECT_EQ(p99({.requests = 1000, .slow = 30}), Verdict::violated);
  EXPECT_EQ(p99({.requests = 298}), Verdict::inconclusive);
  EXPECT_EQ(p99({.requests = 299}), Verdict::holds);
  EXPECT_EQ(p99({.requests = 0}), Verdict::inconclusive);
  EXPECT_EQ(p99({.requests = 1000, .slow = 0, .unanswered = 30}), Verdict::violated);
}

TEST(Latency, TheMaximumIsACensus) {
  const auto max = [](const Load& load) { return judged(load, {{.quantile = 1, .at_most = of_ms(100)}}).verdict; };
  EXPECT_EQ(max({.requests = 30}), Verdict::holds);
  EXPECT_EQ(max({.requests = 29}), Verdict::inconclusive);
  EXPECT_EQ(max({.requests = 10, .slow = 1}), Verdict::violated);
  EXPECT_EQ(max({.requests = 100, .slow = 0, .unanswered = 1}), Verdict::violated);
}

TEST(Latency, EachLimitIsACheckAndTheWorstDecides) {
  const Finding finding = judged({.requests = 1000, .slow = 30},
                                 {{.quantile = 0.5, .at_most = of_ms(100)}, {.quantile = 0.99, .at_most = of_ms(100)}});
  ASSERT_EQ(finding.checks.size(), 2u);
  EXPECT_EQ(finding.checks[0].verdict, Verdict::holds);
  EXPECT_EQ(finding.checks[1].verdict, Verdict::violated);
  EXPECT_EQ(finding.verdict, Verdict::violated);
  EXPECT_EQ(finding.summary, "Latency p99 is not at most 100 ms from the intended send time.");
  EXPECT_EQ(finding.checks[1].measured, "200 ms in 1000 requests (0 without an answer), interval 199 ms to 200 ms");
  EXPECT_EQ(finding.exchanges.size(), 20u);
}

TEST(Latency, CountsFromTheIntendedTime) {
  HandLog hand;
  hand.phase(0, 10000, "steady state");
  for (int at = 0; at < 40; ++at) hand.request(at, 3000).start += of_ms(2990);
  const HandScenario plan(10000);
  const scenarios::LatencyExpectation tenth_of_a_second{.limits = {{.quantile = 1, .at_most = of_ms(100)}}};
  {
    const View view(hand.log, plan.scenario);
    const Finding finding = judge_latency(view, view.phases()[0], tenth_of_a_second);
    EXPECT_EQ(finding.verdict, Verdict::inconclusive) << "the generator was late, not the service";
    EXPECT_THAT(finding.checks[0].measured, testing::HasSubstr("3.00 s in 40 requests"));
    EXPECT_THAT(finding.checks[0].missing, testing::HasSubstr("the harness's own delay"));
  }
  for (auto& request : hand.log.exchanges) request.waited = of_ms(2990);  // the target held every connection
  const View view(hand.log, plan.scenario);
  EXPECT_EQ(judge_latency(view, view.phases()[0], tenth_of_a_second).verdict, Verdict::violated);
}

TEST(Latency, Names) {
  EXPECT_EQ(quantile_name(0.99), "p99");
  EXPECT_EQ(quantile_name(0.999), "p99.9");
  EXPECT_EQ(quantile_name(1), "max");
}

}  // namespace
}  // namespace stormproof::verify
