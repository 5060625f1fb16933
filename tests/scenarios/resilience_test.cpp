#include "scenarios/resilience.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/scenarios/golden.h"

namespace stormproof::scenarios {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr std::string_view replaced = "      - latency: {p99: 400ms}";

// A scenario with two replicas and this expectation.
std::string source(const std::string& text, const std::string& traffic = "rate: 200/s") {
  std::string made = golden::broken(replaced, "      - " + text);
  const std::string one = "    ledger: {proxy: \"127.0.0.1:19001\", upstream: \"http://127.0.0.1:9001\"}\n";
  made.insert(made.find(one), "    spare: {proxy: \"127.0.0.1:19002\", upstream: \"http://127.0.0.1:9002\"}\n");
  made.replace(made.find("rate: 200/s"), 11, traffic);
  return made;
}

template <typename What>
What meaning(const std::string& text) {
  auto parsed = parse(source(text), "s.yaml", golden::environment({}));
  EXPECT_TRUE(parsed.has_value()) << render(parsed.error());
  if (!parsed || !std::holds_alternative<What>(parsed->phases.back().expect.back().what)) return {};
  return std::get<What>(parsed->phases.back().expect.back().what);
}

TEST(Resilience, AFailoverIsRead) {
  const auto failover = meaning<FailoverExpectation>(
      "failover: {on: ledger, others: [spare], leaves-within: 3s, share-at-most: 2%, others-take-over: true, "
      "returns-within: 9s}");
  EXPECT_EQ(failover.on, "ledger");
  EXPECT_EQ(failover.others, std::vector<std::string>{"spare"});
  EXPECT_EQ(failover.leaves_within, 3s);
  EXPECT_DOUBLE_EQ(failover.share_at_most, 0.02);
  EXPECT_TRUE(failover.others_take_over);
  EXPECT_EQ(failover.returns_within, 9s);
}

TEST(Resilience, ABulkheadIsRead) {
  const auto bulkhead = meaning<BulkheadExpectation>("bulkhead: {on: ledger, calls-at-most: 10, others-p99: 200ms}");
  EXPECT_EQ(bulkhead.calls_at_most, 10U);
  EXPECT_EQ(bulkhead.others_p99, 200ms);
}

TEST(Resilience, AnOverloadIsRead) {
  const auto overload = meaning<OverloadExpectation>(
      "overload: {good-within: 500ms, at: 5x, goodput-at-least: 80%, admitted-p99: 1s, refuses-faster: true, status: "
      "[503], important: [\"POST /orders\"]}");
  EXPECT_EQ(overload.good_within, 500ms);
  EXPECT_EQ(overload.at, 5);
  EXPECT_DOUBLE_EQ(overload.goodput_at_least, 0.8);
  EXPECT_EQ(overload.admitted_p99, 1s);
  EXPECT_TRUE(overload.refuses_faster);
  EXPECT_EQ(overload.status, std::vector<int>{503});
  EXPECT_EQ(overload.important, std::vector<std::string>{"POST /orders"});
  EXPECT_EQ(meaning<OverloadExpectation>("overload: {good-within: 1s}").status, (std::vector<int>{429, 503}));
}

TEST(Resilience, AMetastabilityAndAFallbackAreRead) {
  const auto metastability =
      meaning<MetastabilityExpectation>("metastability: {within: 10s, goodput-at-least: 90%, good-within: 2s}");
  EXPECT_EQ(metastability.within, 10s);
  EXPECT_DOUBLE_EQ(metastability.goodput_at_least, 0.9);
  EXPECT_EQ(metastability.good_within, 2s);
  const auto fallback = meaning<FallbackExpectation>(
      "fallback: {on: ledger, status: 203, within: 300ms, body: as-usual, fresh-within: 60s}");
  EXPECT_EQ(fallback.status, 203);
  EXPECT_EQ(fallback.within, 300ms);
  EXPECT_EQ(fallback.body, "as-usual");
  EXPECT_EQ(fallback.fresh_within, 60s);
  EXPECT_EQ(meaning<FallbackExpectation>("fallback: {on: ledger}").body, "not-empty");
}

TEST(Resilience, MistakesAreTold) {
  const auto complaint = [](const std::string& text) { return golden::messages(source(text)); };
  EXPECT_THAT(complaint("failover: {on: ledger, others: [sparse], leaves-within: 3s}"),
              HasSubstr("did you mean 'spare'"));
  EXPECT_THAT(complaint("failover: {on: ledger, others: [ledger], leaves-within: 3s}"), HasSubstr("name the others"));
  EXPECT_THAT(complaint("failover: {on: ledger, others: [spare, spare], leaves-within: 3s}"), HasSubstr("named twice"));
  EXPECT_THAT(complaint("failover: {on: ledger, leaves-within: 3s}"), HasSubstr("lacks 'others'"));
  EXPECT_THAT(complaint("failover: {on: ledger, others: [spare]}"),
              HasSubstr("needs at least one of leaves-within, others-take-over, returns-within"));
  EXPECT_THAT(complaint("failover: {on: ledger, others: [spare], returns-within: 1h}"),
              HasSubstr("over before this limit"));
  EXPECT_THAT(complaint("failover: {on: ledger, others: [spare], returns-within: 3s, share-at-most: 1%}"),
              HasSubstr("this needs 'leaves-within'"));
  EXPECT_THAT(complaint("bulkhead: {on: ledger, calls-at-most: 0}"), HasSubstr("one call through at least"));
  EXPECT_THAT(complaint("bulkhead: {on: ledger}"), HasSubstr("needs at least one of calls-at-most, others-p99"));
  EXPECT_THAT(complaint("overload: {good-within: 1s, at: 1x}"), HasSubstr("more than 1x"));
  EXPECT_THAT(complaint("overload: {good-within: 1s, status: [200]}"), HasSubstr("400 and above"));
  EXPECT_THAT(complaint("overload: {at: 3x}"), HasSubstr("lacks 'good-within'"));
  EXPECT_THAT(complaint("fallback: {on: ledger, body: as-usal}"), HasSubstr("did you mean 'as-usual'"));
  EXPECT_THAT(complaint("metastability: {within: 1h}"), HasSubstr("over before this limit"));
}

// What the traffic cannot show is said before the run.
TEST(Resilience, TrafficThatCannotAnswerIsWarnedOf) {
  EXPECT_THAT(golden::messages(source("overload: {good-within: 1s}")), HasSubstr("no verdict at one rate"));
  EXPECT_EQ(golden::messages(source("overload: {good-within: 1s}", "steps: [{rate: 9/s, for: 1s}, {rate: 99/s}]")), "");
  EXPECT_THAT(golden::messages(source("metastability: {within: 1s}", "rate: 200/s\n  connections: session")),
              HasSubstr("leave traffic.connections out"));
  EXPECT_EQ(golden::messages(source("metastability: {within: 1s}")), "");
}

}  // namespace
}  // namespace stormproof::scenarios
