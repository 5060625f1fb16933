#include "scenarios/mechanisms.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/scenarios/golden.h"

namespace stormproof::scenarios {
namespace {

using namespace std::chrono_literals;

// The meaning of one expectation in place of a good scenario's.
template <typename What>
What meaning(const std::string& text) {
  const std::string source = golden::broken("      - latency: {p99: 400ms}", "      - " + text);
  auto parsed = parse(source, "s.yaml", golden::environment({}));
  EXPECT_TRUE(parsed.has_value()) << render(parsed.error());
  if (!parsed) return {};
  const auto& expect = parsed->phases.back().expect;
  EXPECT_TRUE(std::holds_alternative<What>(expect.back().what)) << text;
  return std::get<What>(expect.back().what);
}

std::string complaint(const std::string& text) {
  return golden::messages(golden::broken("      - latency: {p99: 400ms}", "      - " + text));
}

TEST(Mechanisms, ATimeoutIsRead) {
  const auto timeout = meaning<TimeoutExpectation>(
      "timeout: {on: ledger, gives-up-within: 500ms, answers-within: 1s, leaks-at-most: 0}");
  EXPECT_EQ(timeout.on, "ledger");
  EXPECT_EQ(timeout.gives_up_within, 500ms);
  EXPECT_EQ(timeout.answers_within, 1s);
  EXPECT_EQ(timeout.leaks_at_most, 0U);
  EXPECT_FALSE(meaning<TimeoutExpectation>("timeout: {on: ledger, leaks-at-most: 3}").gives_up_within);
}

TEST(Mechanisms, RetriesAreRead) {
  const auto retries = meaning<RetriesExpectation>(
      "retries: {on: ledger, attempts-at-most: 3, amplification-at-most: 1.2x, repeated-writes-at-most: 0, "
      "honours-retry-after: true, first-backoff: 100ms ± 20%, backoff-factor: 2x, jitter-at-least: 25%}");
  EXPECT_EQ(retries.attempts_at_most, 3U);
  EXPECT_EQ(retries.amplification_at_most, 1.2);
  EXPECT_EQ(retries.repeated_writes_at_most, 0U);
  EXPECT_TRUE(retries.honours_retry_after);
  ASSERT_TRUE(retries.first_backoff);
  EXPECT_EQ(retries.first_backoff->value, 100ms);
  EXPECT_EQ(retries.first_backoff->tolerance, 0.2);
  EXPECT_EQ(retries.backoff_factor, 2.0);
  EXPECT_EQ(retries.jitter_at_least, 0.25);
}

TEST(Mechanisms, ARateLimitIsRead) {
  const auto limit = meaning<RateLimitExpectation>(
      "rate-limit: {rate: 20/s, burst: 10, wrongly-refused-at-most: 1%, truthful-retry-after: true, status: 503, per: "
      "X-Api-Key}");
  EXPECT_EQ(limit.rate_per_second, 20);
  EXPECT_EQ(limit.burst, 10U);
  EXPECT_EQ(limit.wrongly_refused_at_most, 0.01);
  EXPECT_TRUE(limit.truthful_retry_after);
  EXPECT_EQ(limit.status, 503);
  EXPECT_EQ(limit.per, "X-Api-Key");
  EXPECT_EQ(meaning<RateLimitExpectation>("rate-limit: {rate: 6/m}").status, 429);
}

TEST(Mechanisms, HowARateLimitCountsIsRead) {
  const auto limit = meaning<RateLimitExpectation>(
      "rate-limit: {rate: 100/m, window: 1m, algorithm: sliding-log, truthful-headers: true}");
  EXPECT_EQ(limit.window, 1min);
  EXPECT_EQ(limit.algorithm, "sliding-log");
  EXPECT_TRUE(limit.truthful_headers);
  EXPECT_FALSE(limit.isolated);
  EXPECT_THAT(complaint("rate-limit: {rate: 20/s, algorithm: token-buckt}"), testing::HasSubstr("token-bucket"));
}

TEST(Mechanisms, TracePropagationIsRead) {
  EXPECT_EQ(meaning<TraceExpectation>("trace-propagation: {on: ledger}").share_at_least, 0.99);
  EXPECT_EQ(meaning<TraceExpectation>("trace-propagation: {on: ledger, share-at-least: 50%}").share_at_least, 0.5);
}

TEST(Mechanisms, TracesMayStandInOtherHeaders) {
  const auto trace =
      meaning<TraceExpectation>("trace-propagation: {on: ledger, headers: [b3, x-b3], new-parent: true}");
  EXPECT_EQ(trace.headers, (std::vector<std::string>{"b3", "x-b3"}));
  EXPECT_TRUE(trace.new_parent);
  EXPECT_EQ(meaning<TraceExpectation>("trace-propagation: {on: ledger}").headers,
            std::vector<std::string>{"traceparent"});
  EXPECT_THAT(complaint("trace-propagation: {on: ledger, headers: [b4]}"),
              testing::HasSubstr("'b4' is not traceparent"));
  auto parsed =
      parse(golden::broken("      - latency: {p99: 400ms}", "      - trace-propagation: {on: ledger, headers: [b3]}"),
            "s.yaml", golden::environment({}));
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(trace_headers_of(*parsed), std::vector<std::string>{"b3"});
  EXPECT_FALSE(looks_into_answers(*parsed));
}

TEST(Mechanisms, RecoveryHasThreeTimes) {
  const auto recovers = meaning<RecoversExpectation>("recovers: {within: 5s, first-success-within: 1s, windows: 5}");
  EXPECT_EQ(recovers.within, 5s);
  EXPECT_EQ(recovers.first_success_within, 1s);
  EXPECT_EQ(recovers.windows, 5U);
  EXPECT_EQ(meaning<RecoversExpectation>("recovers: {within: 5s}").windows, 10U);
  EXPECT_THAT(complaint("recovers: {within: 5s, windows: 0}"), testing::HasSubstr("one window at least"));
}

TEST(Mechanisms, MistakesAreTold) {
  using testing::HasSubstr;
  EXPECT_THAT(complaint("timeout: {on: legder, gives-up-within: 1s}"), HasSubstr("did you mean 'ledger'"));
  EXPECT_THAT(complaint("timeout: {on: ledger, gives-up-within: 1h}"), HasSubstr("it is over before this limit"));
  EXPECT_THAT(complaint("timeout: {on: ledger}"),
              HasSubstr("needs at least one of gives-up-within, answers-within, leaks-at-most"));
  EXPECT_THAT(complaint("timeout: {on: ledger, gives-up-within: 500}"), HasSubstr("'500' has no unit"));
  EXPECT_THAT(complaint("timeout: {gives-up-within: 1s}"), HasSubstr("lacks 'on'"));
  EXPECT_THAT(complaint("retries: {on: ledger, attempts-at-most: 0}"), HasSubstr("the first call counts: at least 1"));
  EXPECT_THAT(complaint("retries: {on: ledger, amplification-at-most: 0.5x}"), HasSubstr("at least 1x"));
  EXPECT_THAT(complaint("retries: {on: ledger, honours-retry-after: false}"), HasSubstr("'false' states nothing"));
  EXPECT_THAT(complaint("rate-limit: {rate: 20}"), HasSubstr("'20' has no unit"));
  EXPECT_THAT(complaint("rate-limit: {rate: 20/s, burst: 0}"), HasSubstr("admits one request at least"));
  EXPECT_THAT(complaint("rate-limit: {rate: 20/s, status: 302}"), HasSubstr("400 and above"));
  EXPECT_THAT(complaint("rate-limit: {rate: 20/s, wrongly-refused-at-most: 1%}"), HasSubstr("this needs 'burst'"));
  EXPECT_THAT(complaint("rate-limit: {rate: 20/s, per: \"a b\"}"), HasSubstr("a b"));
  EXPECT_THAT(complaint("retries: {on: ledger, atempts-at-most: 3}"), HasSubstr("did you mean 'attempts-at-most'"));
}

TEST(Mechanisms, KindsAreKnownByName) {
  std::vector<std::string_view> names;
  for (const Key& key : mechanism_keys()) names.push_back(key.name);
  EXPECT_THAT(names, testing::IsSupersetOf({"timeout", "retries", "rate-limit", "trace-propagation"}));
  EXPECT_THAT(keys_within_phase("timeout"), testing::ElementsAre("gives-up-within", "answers-within"));
  EXPECT_TRUE(keys_within_phase("latency").empty());
}

}  // namespace
}  // namespace stormproof::scenarios
