#include "scenarios/probe_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scenarios/probe_schedule.h"
#include "tests/scenarios/golden.h"

namespace stormproof::scenarios {
namespace {

using testing::HasSubstr;
using namespace std::chrono_literals;

constexpr std::string_view good = "rate-limit: {rate: 20/s, burst: 10}";

std::string with_probe(const std::string& probe, std::string_view expect = good, const std::string& more = "") {
  return std::string(golden::scenario) + "  - name: the limit\n    probe: " + probe + "\n" + more + "    expect: [" +
         std::string(expect) + "]\n";
}

std::optional<Phase> read(const std::string& probe, std::string_view expect = good) {
  const auto parsed = parse(with_probe(probe, expect), "s.yaml", golden::environment({}));
  EXPECT_TRUE(parsed.has_value()) << render(parsed.error());
  return parsed ? std::optional(parsed->phases.back()) : std::nullopt;
}

TEST(ProbeReader, AWordIsEnough) {
  const auto phase = read("rate-limit");
  ASSERT_TRUE(phase && phase->probe);
  EXPECT_EQ(phase->duration, probe_schedule(*phase->probe, *probed_claim(*phase)).lasting);
  EXPECT_GT(phase->duration, 5s);
  EXPECT_TRUE(phase->faults.empty());
}

TEST(ProbeReader, ReadsWhatIsVaried) {
  const auto phase = read(
      "{rate-limit: {request: GET /orders/1, vary: [{header: {X-Api-Key: b}, quota: own}, {path: /b, quota: shared}, "
      "{method: HEAD, quota: shared}, {source: 127.0.0.2, quota: own}, {instance: \"http://127.0.0.1:9\", quota: "
      "shared}]}}");
  ASSERT_TRUE(phase && phase->probe);
  using Attribute = ProbeVariant::Attribute;
  const auto& vary = phase->probe->vary;
  ASSERT_EQ(vary.size(), 5U);
  EXPECT_EQ(phase->probe->request, "GET /orders/1");
  EXPECT_EQ(vary[0].name, "X-Api-Key");
  EXPECT_EQ(vary[0].value, "b");
  EXPECT_TRUE(vary[0].own_quota);
  EXPECT_EQ(vary[1].attribute, Attribute::path);
  EXPECT_FALSE(vary[1].own_quota);
  EXPECT_EQ(vary[2].value, "HEAD");
  EXPECT_EQ(vary[3].attribute, Attribute::source);
  EXPECT_EQ(vary[4].attribute, Attribute::instance);
}

TEST(ProbeReader, WhatIsSlowedBecomesAFaultOfItsStep) {
  const auto phase = read("{rate-limit: {slow: {on: ledger, by: 200ms}}}");
  ASSERT_TRUE(phase && phase->probe);
  ASSERT_EQ(phase->faults.size(), 1U);
  const Fault& fault = phase->faults.front();
  EXPECT_EQ(fault.on, "ledger");
  EXPECT_EQ(fault.id, "the limit#1");
  ASSERT_TRUE(fault.latency);
  EXPECT_EQ(fault.latency->base, 200ms);
  EXPECT_GT(fault.targeting.after, 1s);
  EXPECT_TRUE(fault.targeting.lasting);
}

TEST(ProbeReader, SaysWhatDoesNotFit) {
  const auto messages = [](const std::string& text) { return golden::messages(text); };
  EXPECT_THAT(messages(with_probe("rate-limit", "latency: {p99: 1s}")), HasSubstr("this phase expects no rate-limit"));
  EXPECT_THAT(messages(with_probe("rate-limit", "rate-limit: {rate: 5/s}, rate-limit: {rate: 6/s}")),
              HasSubstr("this phase expects several"));
  EXPECT_THAT(messages(with_probe("rate-limit", good, "    for: 20s\n")),
              HasSubstr("'for' cannot stand beside 'probe'"));
  EXPECT_THAT(messages(with_probe("rate-limit", good, "    faults: [{on: ledger, abort: {status: 503}}]\n")),
              HasSubstr("'faults' cannot stand beside 'probe'"));
  EXPECT_THAT(messages(with_probe("ratelimit")), HasSubstr("rate-limit"));
  EXPECT_THAT(messages(with_probe("rate-limit", "rate-limit: {rate: 5000/s}")), HasSubstr("more than the 2000/s"));
  EXPECT_THAT(messages(with_probe("rate-limit", "rate-limit: {rate: 20/s, burst: 9000}")),
              HasSubstr("9000 is more than the 5000"));
  EXPECT_THAT(messages(with_probe("rate-limit", "rate-limit: {rate: 1/h, burst: 9}")),
              HasSubstr("the probe would take"));
  EXPECT_THAT(messages(with_probe("rate-limit", "rate-limit: {rate: 20/s, isolated: true}")),
              HasSubstr("this needs a probe that varies something"));
  EXPECT_THAT(messages(with_probe("{rate-limit: {vary: [{path: /b}]}}")), HasSubstr("lacks 'quota'"));
  EXPECT_THAT(messages(with_probe("{rate-limit: {vary: [{header: {A: b, C: d}, quota: own}]}}")),
              HasSubstr("a variation has one header"));
  EXPECT_THAT(messages(with_probe("{rate-limit: {vary: [{source: here, quota: own}]}}")),
              HasSubstr("not an address like 127.0.0.2"));
  EXPECT_THAT(messages(with_probe("{rate-limit: {slow: {on: ledgr, by: 1s}}}")), HasSubstr("did you mean"));
}

TEST(ProbeReader, CredentialsOfVariationsAreSecrets) {
  const auto parsed = parse(with_probe("{rate-limit: {vary: [{header: {X-Api-Key: hunter22}, quota: own}]}}"), "s.yaml",
                            golden::environment({}));
  ASSERT_TRUE(parsed.has_value());
  EXPECT_THAT(parsed->secrets, testing::Contains("hunter22"));
}

}  // namespace
}  // namespace stormproof::scenarios
