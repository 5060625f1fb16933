#include "scenarios/comparing.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/scenarios/golden.h"

namespace stormproof::scenarios {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// The golden scenario with a baseline, more of `service`, more keys at the dependency, and an expectation in the place of its last.
struct Written {
  std::string service = "baseline: {url: \"http://127.0.0.1:8081\"}";
  std::string dependency = ", baseline-proxy: \"127.0.0.1:19101\"";
  std::string expectation = "not-worse: {latency: 5%, errors: 1%}";
  std::string top = {};
  std::string fault = "abort: {status: 503}";
};

std::string text_of(const Written& written) {
  std::string text(golden::scenario);
  const auto replace = [&](std::string_view from, const std::string& to) {
    const std::size_t at = text.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    text.replace(at, from.size(), to);
  };
  if (!written.service.empty()) replace("  dependencies:\n", "    " + written.service + "\n  dependencies:\n");
  replace("127.0.0.1:9001\"", "127.0.0.1:9001\"" + written.dependency);
  replace("latency: {p99: 400ms}", written.expectation);
  replace("abort: {status: 503}", written.fault);
  return text + written.top;
}

std::string messages(const Written& written) { return golden::messages(text_of(written)); }

Scenario meaning(const Written& written) {
  auto parsed = parse(text_of(written), "s.yaml", golden::environment({}));
  EXPECT_TRUE(parsed.has_value()) << render(parsed.error());
  return parsed ? std::move(*parsed) : Scenario{};
}

constexpr std::string_view both_baselines =
    "baseline: {url: \"http://127.0.0.1:8081\"}\n    second-baseline: {url: \"http://127.0.0.1:8091\"}";

TEST(Comparing, AComparisonIsReadWhole) {
  const Scenario scenario = meaning(
      {.service = std::string(both_baselines),
       .dependency = ", baseline-proxy: \"127.0.0.1:19101\", second-baseline-proxy: \"127.0.0.1:19201\"",
       .expectation = "not-worse: {latency: 5%, p99: 20%, errors: 1%}",
       .top = "expect: [{differences: {at-most: 0.1%}}]\n"
              "comparison: {ignore: [$.at, 'header:x-*'], unordered: [$.items], tolerance: ['$.price=0.01']}\n"});
  EXPECT_EQ(scenario.topology.baseline->url, "http://127.0.0.1:8081");
  EXPECT_EQ(scenario.topology.second_baseline->url, "http://127.0.0.1:8091");
  EXPECT_EQ(scenario.topology.dependencies.at(0).baseline_proxy, "127.0.0.1:19101");
  EXPECT_EQ(scenario.topology.dependencies.at(0).second_baseline_proxy, "127.0.0.1:19201");
  const auto& not_worse = std::get<NotWorseExpectation>(scenario.phases.back().expect.back().what);
  EXPECT_DOUBLE_EQ(not_worse.latency.value(), 0.05);
  EXPECT_DOUBLE_EQ(not_worse.p99.value(), 0.2);
  EXPECT_DOUBLE_EQ(not_worse.errors.value(), 0.01);
  ASSERT_EQ(scenario.expect.size(), 1u);
  EXPECT_DOUBLE_EQ(std::get<DifferencesExpectation>(scenario.expect.front().what).at_most, 0.001);
  EXPECT_THAT(scenario.comparison.ignored, ElementsAre("$.at", "header:x-*"));
  EXPECT_THAT(scenario.comparison.unordered, ElementsAre("$.items"));
  EXPECT_THAT(scenario.comparison.tolerated, ElementsAre("$.price=0.01"));
  EXPECT_TRUE(scenario.warnings.empty()) << scenario.warnings.front();
  EXPECT_TRUE(compares(scenario));
  EXPECT_TRUE(compares_answers(scenario));
  EXPECT_FALSE(compares_answers(meaning({})));
}

TEST(Comparing, WhatComparesNeedsABaseline) {
  EXPECT_EQ(messages({.service = "", .dependency = ""}),
            R"(s.yaml:21:9: error: not-worse compares with a baseline, and there is none
   21 |       - not-worse: {latency: 5%, errors: 1%}
      |         ^^^^^^^^^
  hint: name it in topology.service.baseline: {url: "http://127.0.0.1:8081"}
)");
  EXPECT_THAT(messages({.service = "",
                        .dependency = "",
                        .expectation = "latency: {p99: 400ms}",
                        .top = "expect: [{differences: {at-most: 1%}}]\n"}),
              HasSubstr("s.yaml:22:11: error: differences compares with a baseline"));
  EXPECT_THAT(messages({.service = "second-baseline: {url: \"http://127.0.0.1:8091\"}",
                        .dependency = "",
                        .expectation = "latency: {p99: 400ms}"}),
              HasSubstr("a second baseline without a first one"));
  EXPECT_THAT(messages({.service = "", .expectation = "latency: {p99: 400ms}"}),
              HasSubstr("baseline-proxy is for calls of the baseline, and there is none"));
}

TEST(Comparing, ABaselineThatNothingIsComparedWithIsSaid) {
  EXPECT_THAT(messages({.expectation = "latency: {p99: 400ms}"}),
              HasSubstr("warning: baseline is not used by any expectation"));
}

TEST(Comparing, WithoutASecondBaselineDifferencesAreNoVerdict) {
  EXPECT_THAT(messages({.expectation = "differences: {at-most: 1%}"}),
              HasSubstr("warning: without a second baseline no difference can be told from noise"));
}

TEST(Comparing, AVersionIsNotComparedWithItself) {
  EXPECT_THAT(messages({.service = "baseline: {url: \"http://127.0.0.1:8082\"}"}),
              HasSubstr("error: the baseline listens where the candidate does: it would be compared with itself"));
}

// One proxy for both works where calls carry traceparent, but what is counted would be shared.
TEST(Comparing, FaultsMustHitBothAlike) {
  EXPECT_THAT(messages({.dependency = ""}),
              HasSubstr("warning: the baseline calls 'ledger' through the candidate's proxy"));
  EXPECT_THAT(messages({.dependency = "", .fault = "abort: {status: 503}, every: 3"}),
              HasSubstr("error: faults on 'ledger' count calls or connections, and the baseline's would be counted "
                        "with the candidate's"));
  EXPECT_EQ(messages({.fault = "abort: {status: 503}, every: 3"}), "");
  EXPECT_THAT(messages({.dependency = ", baseline-proxy: \"127.0.0.1:19001\""}),
              HasSubstr("error: the proxy of 'ledger' has this address already"));
}

TEST(Comparing, TheSecondBaselineHasAProxyOfItsOwnToo) {
  const std::string said =
      messages({.service = std::string(both_baselines), .fault = "abort: {status: 503}, every: 3"});
  EXPECT_THAT(said, HasSubstr("and the second-baseline's would be counted with the candidate's"));
  EXPECT_THAT(said, HasSubstr("second-baseline-proxy: \"127.0.0.1:19201\""));
}

TEST(Comparing, OnlyTheCandidateHasANetworkOfItsOwn) {
  EXPECT_THAT(messages({.service = "baseline: {url: \"http://127.0.0.1:8081\", network: {harness-address: 10.213.7.1, "
                                   "service-address: 10.213.7.2}}"}),
              HasSubstr("error: only the candidate can have a network of its own"));
}

TEST(Comparing, APatternThatMakesNoSenseIsSaidWhereItStands) {
  const std::string said = messages({.service = std::string(both_baselines),
                                     .expectation = "differences: {at-most: 1%}",
                                     .top = "comparison: {ignore: [nonsense], tolerance: [$.price]}\n"});
  EXPECT_THAT(said, HasSubstr("s.yaml:24:23: error: "));
  EXPECT_THAT(said, HasSubstr("s.yaml:24:46: error: "));
  EXPECT_THAT(messages({.top = "comparison: {ignore: [$.a]}\n"}),
              HasSubstr("warning: no expectation looks at differences: these rules do nothing"));
}

TEST(Comparing, WhatHappensToProcessesIsNotAlike) {
  EXPECT_THAT(messages({.fault = "abort: {status: 503}}]\n    processes: [{pause: {for: 1s}, even-the-last: true"}),
              HasSubstr("happens to the candidate alone"));
}

TEST(Comparing, ARunMayBeJudgedAsAWholeOnly) {
  const std::string text = golden::broken(R"(    expect:
      - circuit-breaker: {on: ledger, opens-within: 3s}
      - latency: {p99: 400ms}
)",
                                          "expect: [{not-worse: {errors: 1%}}]\n");
  EXPECT_THAT(golden::messages(text), HasSubstr("not-worse compares with a baseline"));
  EXPECT_THAT(golden::messages(text), testing::Not(HasSubstr("would judge nothing")));
  EXPECT_THAT(messages({.top = "expect: [{latency: {p99: 1s}}]\n"}),
              HasSubstr("unknown expectation of the run field 'latency'"));
}

}  // namespace
}  // namespace stormproof::scenarios
