#include "harness/verify/foresight.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "tests/verify/hand_log.h"

namespace stormproof::verify {
namespace {

using scenarios::Around;
using scenarios::BreakerScope;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

using What = decltype(scenarios::Expectation::what);

// A steady state of 10 s, a phase with a fault on payments of 20 s, one after it of 10 s; so many requests a second.
struct Planned {
  HandScenario plan{10'000};
  double per_second = 100;

  Planned() {
    plan.add("hurt", 20'000).faults = {HandScenario::fault("hurt#1")};
    plan.add("after", 10'000);
  }
  scenarios::Fault& fault() { return plan.scenario.phases[0].faults[0]; }
  Planned& hang() {
    fault().abort.reset();
    fault().latency = scenarios::LatencyFault{.base = seconds(30)};
    return *this;
  }
  std::vector<Foreseen> of(const What& what, std::size_t phase = 0) {
    plan.scenario.phases[phase].expect = {{.what = what, .text = "expectation", .line = 7}};
    std::vector<PlannedTraffic> traffic;
    for (const double lasting : {10.0, 20.0, 10.0})
      traffic.push_back({static_cast<std::uint64_t>(per_second * lasting), of_ms(1000 * lasting)});
    return foresee(plan.scenario, traffic);
  }
  std::string missing(const What& what, std::size_t phase = 0) {
    const auto found = of(what, phase);
    return found.empty() ? "" : found.front().claim + ": " + found.front().missing + ": " + found.front().enough;
  }
};

scenarios::BreakerExpectation breaker(const std::string& on,
                                      const std::function<void(scenarios::BreakerExpectation&)>& set) {
  scenarios::BreakerExpectation claim;
  claim.on = on;
  set(claim);
  return claim;
}

Planned at(double per_second) {
  Planned planned;
  planned.per_second = per_second;
  return planned;
}

TEST(Foresight, WhatSufficesIsNotWarnedOf) {
  const Around every{.value = seconds(2), .tolerance = 0.2};
  EXPECT_EQ(Planned().missing(breaker("payments",
                                      [&](auto& c) {
                                        c.opens_within = seconds(3);
                                        c.leaks_at_most = 0;
                                        c.probes_every = every;
                                      })),
            "");
  EXPECT_EQ(Planned().missing(breaker("payments", [&](auto& c) { c.closes_within = seconds(5); }), 1), "");
  EXPECT_EQ(Planned().hang().missing(breaker("payments",
                                             [&](auto& c) {
                                               c.probes_every = every;
                                               c.half_open_calls = 1;
                                             })),
            "");
  EXPECT_EQ(Planned().missing(scenarios::ErrorsExpectation{.at_most = 0.01}), "");
  EXPECT_EQ(Planned().missing(scenarios::LatencyExpectation{.limits = {{0.99, seconds(1)}}}), "");
  EXPECT_EQ(Planned().missing(scenarios::RecoversExpectation{.within = seconds(5)}, 1), "");
  EXPECT_EQ(Planned().hang().missing(
                scenarios::TimeoutExpectation{.on = "payments", .gives_up_within = seconds(1), .leaks_at_most = 0}),
            "");
  EXPECT_EQ(Planned().missing(scenarios::RetriesExpectation{.on = "payments", .attempts_at_most = 3}), "");
  EXPECT_EQ(Planned().missing(scenarios::RateLimitExpectation{.rate_per_second = 20}), "");
  EXPECT_EQ(Planned().missing(scenarios::TraceExpectation{.on = "payments"}), "");
  EXPECT_EQ(Planned().missing(
                scenarios::FailoverExpectation{.on = "payments", .others = {"other"}, .leaves_within = seconds(3)}),
            "");
  EXPECT_EQ(Planned().missing(
                scenarios::FailoverExpectation{.on = "payments", .others = {"other"}, .returns_within = seconds(3)}, 1),
            "");
  EXPECT_EQ(Planned().hang().missing(scenarios::BulkheadExpectation{.on = "payments", .calls_at_most = 20}), "");
  EXPECT_EQ(Planned().missing(scenarios::MetastabilityExpectation{.within = seconds(5)}, 1), "");
  EXPECT_EQ(Planned().missing(scenarios::FallbackExpectation{.on = "payments"}), "");
  EXPECT_EQ(Planned().missing(scenarios::DifferencesExpectation{}), "");
}

TEST(Foresight, TooLittleTraffic) {
  const Around every{.value = seconds(1), .tolerance = 0.2};
  const auto starved = at(5).missing(breaker("payments", [&](auto& c) { c.probes_every = every; }));
  EXPECT_THAT(starved, HasSubstr("7 must come in a sleep window of 1.00 s"));
  EXPECT_THAT(starved, HasSubstr("7/s; 14/s where calls carry no trace id"));
  EXPECT_THAT(at(1).missing(breaker("payments", [&](auto& c) { c.leaks_at_most = 0; })),
              HasSubstr("10 requests in the steady state, needs 20: 2/s"));
  EXPECT_THAT(at(10).missing(scenarios::ErrorsExpectation{.at_most = 0.01}),
              HasSubstr("200 requests at best, needs 300: 15/s, or this rate for 30"));
  EXPECT_THAT(at(1).missing(scenarios::LatencyExpectation{.limits = {{0.99, seconds(1)}}}), HasSubstr("latency, p99"));
  EXPECT_THAT(at(5).missing(scenarios::RecoversExpectation{.within = seconds(5)}, 1), HasSubstr("steady state"));
  EXPECT_THAT(at(12).missing(scenarios::RecoversExpectation{.within = seconds(5)}, 1), HasSubstr("do not fit"));
  EXPECT_THAT(at(4).missing(scenarios::RetriesExpectation{.on = "payments", .attempts_at_most = 3}),
              HasSubstr("80 calls that fail at best, needs 100"));
  EXPECT_THAT(at(10).missing(scenarios::TraceExpectation{.on = "payments"}), HasSubstr("200 calls at best"));
  EXPECT_THAT(at(10).missing(scenarios::RateLimitExpectation{.rate_per_second = 20}),
              HasSubstr("it is never reached: 40/s, or probe: rate-limit"));
  EXPECT_THAT(at(12).missing(
                  scenarios::FailoverExpectation{.on = "payments", .others = {"other"}, .leaves_within = seconds(10)}),
              HasSubstr("120 calls at best from 10.0 s after the fault on, needs 300"));
  EXPECT_THAT(at(12).missing(scenarios::FallbackExpectation{.on = "payments"}), HasSubstr("240 requests"));
  EXPECT_THAT(at(5).missing(scenarios::MetastabilityExpectation{.within = seconds(5)}, 1), HasSubstr("steady state"));
  EXPECT_THAT(at(10).missing(scenarios::DifferencesExpectation{}), HasSubstr("differences"));
  EXPECT_THAT(at(3).missing(scenarios::NotWorseExpectation{.errors = 0.01}), HasSubstr("not-worse, errors"));
  Planned hung = at(3);
  EXPECT_THAT(hung.hang().missing(scenarios::BulkheadExpectation{.on = "payments", .calls_at_most = 40}),
              HasSubstr("60 calls at once are wanted at best, needs 80: 4/s"));
  Planned slow = at(4);
  EXPECT_THAT(slow.hang().missing(scenarios::TimeoutExpectation{.on = "payments", .leaks_at_most = 0}),
              HasSubstr("80 calls at best, needs 100"));
}

TEST(Foresight, AnotherFaultIsNeeded) {
  EXPECT_THAT(Planned().missing(breaker("payments", [&](auto& c) { c.leaks_at_most = 0; }), 1),
              HasSubstr("no fault on payments in this phase"));
  EXPECT_THAT(Planned().missing(breaker("stock", [&](auto& c) { c.closes_within = seconds(3); }), 1),
              HasSubstr("nothing is healed"));
  Planned refused;
  refused.fault().abort->status = 429;
  EXPECT_THAT(refused.missing(breaker("payments", [&](auto& c) { c.opens_within = seconds(3); })),
              HasSubstr("no failures (below 500)"));
  EXPECT_THAT(refused.missing(scenarios::RetriesExpectation{.on = "payments", .attempts_at_most = 3}),
              HasSubstr("nothing is repeated"));
  EXPECT_THAT(refused.missing(scenarios::FallbackExpectation{.on = "payments"}), HasSubstr("nothing is fallen back"));
  EXPECT_THAT(Planned().missing(breaker("payments", [&](auto& c) { c.half_open_calls = 1; })),
              HasSubstr("leaves no time for a second call: {on: payments, latency: 30s}"));
  EXPECT_THAT(Planned().missing(scenarios::TimeoutExpectation{.on = "payments", .gives_up_within = seconds(1)}),
              HasSubstr("holds a call for 0 ns at most"));
  EXPECT_THAT(Planned().missing(scenarios::BulkheadExpectation{.on = "payments", .calls_at_most = 3}),
              HasSubstr("does not make calls hang"));
  EXPECT_THAT(Planned().missing(scenarios::RetriesExpectation{.on = "payments", .honours_retry_after = true}),
              HasSubstr("no answer of the fault says Retry-After"));
  Planned after;
  after.fault().abort->headers = {{"retry-After", "1"}};
  EXPECT_EQ(after.missing(scenarios::RetriesExpectation{.on = "payments", .honours_retry_after = true}), "");
  EXPECT_THAT(Planned().missing(
                  scenarios::FailoverExpectation{.on = "payments", .others = {"b"}, .returns_within = seconds(3)}),
              HasSubstr("is over before this phase"));
  Planned both;
  both.plan.scenario.phases[0].faults.push_back(HandScenario::fault("hurt#2"));
  both.plan.scenario.phases[0].faults.back().on = "payments-b";
  EXPECT_THAT(both.missing(breaker("payments",
                                   [&](auto& c) {
                                     c.scope = BreakerScope::host;
                                     c.others = {"payments-b"};
                                   })),
              HasSubstr("a fault on payments-b is on, too: hurt payments alone"));
}

TEST(Foresight, ALongerPhaseIsNeeded) {
  const Around every{.value = seconds(8), .tolerance = 0.2};
  EXPECT_THAT(Planned().missing(breaker("payments", [&](auto& c) { c.probes_every = every; })),
              HasSubstr("the fault lasts 20.0 s, needs 3 sleep windows: a phase of 24.0 s"));
  Planned brief;
  brief.fault().targeting.lasting = seconds(10);
  EXPECT_THAT(brief.missing(breaker("payments",
                                    [&](auto& c) { c.probes_every = Around{.value = seconds(4), .tolerance = 0.1}; })),
              HasSubstr("the fault lasts 10.0 s"));
  EXPECT_THAT(Planned().missing(scenarios::MetastabilityExpectation{.within = seconds(9)}, 1),
              HasSubstr("needs 2.00 s beyond the limit"));
}

TEST(Foresight, TheWholeRunHasItsExpectations) {
  Planned planned = at(5);
  planned.plan.scenario.expect = {
      {.what = scenarios::ErrorsExpectation{.at_most = 0.001}, .text = "errors", .line = 9},
      {.what = scenarios::LatencyExpectation{.limits = {{0.95, seconds(1)}}}, .text = "latency", .line = 10}};
  const auto found = planned.of(scenarios::TraceExpectation{.on = "payments", .share_at_least = 0.9});
  ASSERT_EQ(found.size(), 1u);  // 200 requests suffice for the latency
  EXPECT_EQ(found[0].phase, "whole run");
  EXPECT_EQ(found[0].line, 9);
  EXPECT_THAT(found[0].missing, HasSubstr("200 requests at best, needs 3"));
}

TEST(Foresight, OverloadNeedsSteps) {
  const scenarios::OverloadExpectation claim{.good_within = seconds(1)};
  Planned planned;
  planned.plan.scenario.traffic.rate_per_second = 100;
  EXPECT_THAT(planned.missing(claim, 1), HasSubstr("too near to one another"));
  EXPECT_THAT(planned.missing(claim, 1), HasSubstr("{rate: 150/s, for: 5s} up to 300/s"));
  planned.plan.scenario.traffic.rate_per_second.reset();
  planned.plan.scenario.traffic.steps = {{100, seconds(32)}, {150, seconds(4)}, {300, {}}};
  EXPECT_EQ(planned.missing(claim, 1), "");
}

TEST(Foresight, SaysWhere) {
  const auto found = at(10).of(scenarios::ErrorsExpectation{.at_most = 0.01});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].phase, "hurt");
  EXPECT_EQ(found[0].line, 7);
  EXPECT_TRUE(foresee(Planned().plan.scenario, {}).empty());
}

}  // namespace
}  // namespace stormproof::verify
