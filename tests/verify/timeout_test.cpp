// Property tests over simulated clients: random timeouts, right and defective; and cases by hand.
#include "harness/verify/timeout.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/verify/judge.h"
#include "tests/verify/hand_log.h"
#include "tests/verify/properties.h"
#include "tests/verify/subject_draws.h"

namespace stormproof::verify {
namespace {

using scenarios::TimeoutExpectation;
using simulation::Ailing;
using simulation::Client;
using simulation::ClientDefect;
using simulation::drawn_timeouts;
using simulation::timeout_claim;
using std::chrono::milliseconds;
using std::chrono::seconds;

Finding judged(const Client& client) {
  return judge(simulation::simulate(client), simulation::scenario_of(client, timeout_claim(client))).front();
}

const Check& named(const Finding& finding, std::string_view name) {
  static const Check none;
  for (const Check& check : finding.checks) {
    if (check.name.starts_with(name)) return check;
  }
  return none;
}

TEST(Timeout, CorrectTwinsHold) {
  Verdicts verdicts;
  const int runs = property_cases(60);
  for (int seed = 1; seed <= runs; ++seed) verdicts.count(judged(drawn_timeouts(seed)), seed);
  EXPECT_EQ(verdicts.violated, 0) << verdicts.last_violated;
  EXPECT_GE(verdicts.holds * 100, runs * 98) << verdicts.last_inconclusive;
}

TEST(Timeout, DefectsAreSeen) {
  for (const ClientDefect defect :
       {ClientDefect::never_gives_up, ClientDefect::gives_up_late, ClientDefect::forgets_some, ClientDefect::head_only,
        ClientDefect::leaks, ClientDefect::leaks_some}) {
    Verdicts verdicts;
    const int runs = property_cases(25);
    for (int seed = 1; seed <= runs; ++seed) {
      Client client = drawn_timeouts(1000 + seed);
      client.defect = defect;
      client.share = 1;
      client.per_second += 60;
      if (defect == ClientDefect::head_only) client.ailing = Ailing::trickling;
      verdicts.count(judged(client), seed);
    }
    EXPECT_EQ(verdicts.holds, 0) << static_cast<int>(defect) << ' ' << verdicts.last_holds;
    EXPECT_GE(verdicts.violated * 100, runs * 98) << static_cast<int>(defect) << ' ' << verdicts.last_inconclusive;
  }
}

TEST(Timeout, WithoutTraceIdsNothingHoldsWrongly) {
  Verdicts twins;
  Verdicts leaking;
  const int runs = property_cases(60);
  for (int seed = 1; seed <= runs; ++seed) {
    Client client = drawn_timeouts(2000 + seed);
    client.correlated = false;
    twins.count(judged(client), seed);
    client.share = 1;
    client.defect = ClientDefect::leaks;
    leaking.count(judged(client), seed);
  }
  EXPECT_EQ(twins.holds + twins.violated, 0) << twins.last_violated << twins.last_holds;
  EXPECT_THAT(twins.last_inconclusive, testing::HasSubstr("send traceparent"));
  EXPECT_EQ(leaking.holds, 0) << leaking.last_holds;
  EXPECT_GE(leaking.violated * 100, runs * 95) << leaking.last_inconclusive;
}

TEST(Timeout, StarvedRunsAreInconclusive) {
  Verdicts verdicts;
  const int runs = property_cases(60);
  for (int seed = 1; seed <= runs; ++seed) {
    Client client = drawn_timeouts(3000 + seed);
    client.per_second = 2;
    client.attempts = 1;
    verdicts.count(judged(client), seed);
  }
  EXPECT_EQ(verdicts.inconclusive, runs) << verdicts.last_holds << verdicts.last_violated;
  EXPECT_THAT(verdicts.last_inconclusive, testing::HasSubstr("more requests a second"));
}

// The true timeout lies in the reported interval, and that is narrow.
TEST(Timeout, TheIntervalHoldsTheTruth) {
  int inside = 0;
  const int runs = property_cases(25);
  for (int seed = 1; seed <= runs; ++seed) {
    Client client = drawn_timeouts(4000 + seed);
    client.share = 1;
    const std::string text = named(judged(client), "gives-up-within").measured;
    const auto at = text.find("interval ");
    ASSERT_NE(at, text.npos) << text;
    double low = 0, high = 0;
    char low_unit[8] = {}, high_unit[8] = {};
    ASSERT_EQ(std::sscanf(text.c_str() + at, "interval %lf %7[a-z] to %lf %7[a-z]", &low, low_unit, &high, high_unit),
              4)
        << text;
    if (std::string_view(low_unit) == "s") low *= 1000;
    if (std::string_view(high_unit) == "s") high *= 1000;
    const double truth = static_cast<double>(client.timeout.count()) / 1e6;
    inside += low <= truth + 5 && truth <= high + 5 ? 1 : 0;  // three digits are shown
    EXPECT_LT(high - low, 16) << text;
  }
  EXPECT_GE(inside * 100, runs * 95);
}

TEST(Timeout, AHangThatIsTooShortSaysNothing) {
  Client client;
  client.ailing = Ailing::hanging;
  client.hang = milliseconds(200);
  client.timeout = seconds(1);
  const Finding finding = judged(client);
  EXPECT_EQ(finding.verdict, Verdict::inconclusive) << told(finding);
  EXPECT_THAT(named(finding, "gives-up-within").missing,
              testing::HasSubstr("the fault must hold them for longer than"));
}

// Half of the calls hang before their head, half in their body, which trickles or stands still.
Finding judged_stages(bool trickles, double given_up_in_the_body) {
  HandLog hand;
  hand.phase(0, 5000, "steady state");
  hand.phase(5000, 15000, "down");
  hand.faults(5000, 15000, "down");
  for (int at = 0; at < 700; ++at) {
    hand.request(at * 20, at < 250 ? 5 : 1200);
    const bool body = at % 2 == 0;
    const double took = at < 250 ? 3 : body ? given_up_in_the_body : 300;
    events::Exchange& call = hand.call(at * 20 + 1, took);
    if (at < 250) continue;
    call.fault = hand.log.names.id_of(body ? "down#2" : "down#1");
    call.outcome = events::Outcome::cancelled;
    call.status = 0;
    if (body) call.first_byte = call.start + of_ms(2);
  }
  HandScenario plan(5000);
  auto& phase = plan.add("down", 10000);
  phase.faults = {HandScenario::fault("down#1"), HandScenario::fault("down#2")};
  if (trickles) phase.faults[1].message.slow = scenarios::SlowFault{.body = seconds(60)};
  const View view(hand.log, plan.scenario);
  return judge_timeout(view, view.phases()[1], {.on = "payments", .gives_up_within = milliseconds(300)});
}

TEST(Timeout, StagesAreToldApart) {
  Finding finding = judged_stages(true, 300);
  EXPECT_EQ(finding.verdict, Verdict::holds) << told(finding);
  ASSERT_EQ(finding.checks.size(), 2u);
  EXPECT_EQ(finding.checks[0].name, "gives-up-within, before the head");
  EXPECT_EQ(finding.checks[1].name, "gives-up-within, while the body trickles");
  finding = judged_stages(false, 900);
  EXPECT_EQ(finding.verdict, Verdict::violated) << told(finding);
  EXPECT_EQ(finding.checks[0].verdict, Verdict::holds);
  EXPECT_EQ(finding.checks[1].name, "gives-up-within, while the body stands still");
  EXPECT_EQ(finding.checks[1].verdict, Verdict::violated);
}

// No call comes while the service cannot connect: its requests tell.
Finding judged_connecting(double took, bool breaker = false) {
  HandLog hand;
  hand.phase(0, 5000, "steady state");
  hand.phase(5000, 15000, "down");
  hand.faults(5000, 15000, "down");
  for (int at = 0; at < 700; ++at) {
    hand.request(at * 20, at < 250 ? 5 : breaker ? 1 : took, at < 250 ? 200 : 503);
    if (at < 250) hand.call(at * 20 + 1, 3);
  }
  HandScenario plan(5000);
  plan.add("down", 10000).faults = {HandScenario::fault("down#1")};
  const View view(hand.log, plan.scenario);
  return judge_timeout(view, view.phases()[1], {.on = "payments", .gives_up_within = milliseconds(300)});
}

TEST(Timeout, AHangWhileConnectingShowsInTheRequests) {
  EXPECT_EQ(judged_connecting(302).verdict, Verdict::holds) << told(judged_connecting(302));
  EXPECT_EQ(judged_connecting(5000).verdict, Verdict::violated) << told(judged_connecting(5000));
  EXPECT_EQ(judged_connecting(700).verdict, Verdict::inconclusive);
  EXPECT_EQ(judged_connecting(0, true).verdict, Verdict::inconclusive) << "a breaker that is open waits for nothing";
}

TEST(Timeout, CallsInTheBackgroundAreNoLeaks) {
  HandLog hand;
  hand.phase(0, 5000, "steady state");
  hand.phase(5000, 10000, "down");
  hand.faults(5000, 10000, "down");
  for (int at = 0; at < 450; ++at) {
    hand.request(at * 20, 5);
    events::Exchange& call = hand.call(at * 20 + 1, 300);
    if (at < 250) continue;
    call.fault = hand.log.names.id_of("down#1");
    call.outcome = events::Outcome::cancelled;
    call.status = 0;
  }
  HandScenario plan(5000);
  auto& phase = plan.add("down", 5000);
  phase.faults = {HandScenario::fault("down#1")};
  const View view(hand.log, plan.scenario);
  const Finding finding = judge_timeout(view, view.phases()[1], {.on = "payments", .leaks_at_most = 0});
  EXPECT_EQ(finding.verdict, Verdict::inconclusive);
  EXPECT_THAT(finding.checks[0].missing, testing::HasSubstr("in the background"));
}

TEST(Timeout, SaysWhichRequestsShowIt) {
  Client client;
  client.ailing = Ailing::hanging;
  client.defect = ClientDefect::leaks;
  const Finding finding = judged(client);
  EXPECT_EQ(finding.verdict, Verdict::violated);
  EXPECT_EQ(finding.exchanges.size(), 20u);
  EXPECT_EQ(finding.timeline.front().what, "faults on");
  EXPECT_LE(finding.timeline.size(), 200u);
  EXPECT_THAT(finding.summary, testing::HasSubstr("went on after their request was answered"));
}

TEST(Timeout, NoFaultOnItNoVerdict) {
  Client client;
  scenarios::Scenario scenario =
      simulation::scenario_of(client, TimeoutExpectation{.on = "payments", .gives_up_within = seconds(1)});
  scenario.phases[0].faults[0].on = "stock";
  const Finding finding = judge(simulation::simulate(client), scenario).front();
  EXPECT_EQ(finding.verdict, Verdict::inconclusive);
}

}  // namespace
}  // namespace stormproof::verify
