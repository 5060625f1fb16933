#include "harness/verify/fidelity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/verify/hand_log.h"

namespace stormproof::verify {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct Setting {
  HandLog hand;
  HandScenario plan{100};
  Setting() {
    hand.phase(0, 100, "steady state");
    hand.phase(100, 1100, "outage");
    hand.faults(100, 1100, "outage");
    plan.add("outage", 1000).faults.push_back(HandScenario::fault("outage#1"));
  }
  std::vector<std::string> doubts_of_outage() {
    const View view(hand.log, plan.scenario);
    return doubts(view.phases()[1]);
  }
  std::vector<std::string> undelivered_in_outage() {
    const View view(hand.log, plan.scenario);
    return undelivered(view, view.phases()[1]);
  }
  std::string held_up_in_outage() {
    const View view(hand.log, plan.scenario);
    return held_up(view, view.phases()[1]);
  }
};

TEST(Fidelity, NothingStandsInTheWay) {
  Setting setting;
  for (int at = 0; at < 50; ++at) {
    setting.hand.request(110 + at, 1);
    setting.hand.call(110.1 + at, 0.2, 503, "outage#1");
  }
  EXPECT_THAT(setting.doubts_of_outage(), IsEmpty());
  EXPECT_THAT(setting.undelivered_in_outage(), IsEmpty());
  EXPECT_EQ(setting.held_up_in_outage(), "");
}

TEST(Fidelity, NoRequest) {
  Setting setting;
  EXPECT_THAT(setting.doubts_of_outage(), ElementsAre(HasSubstr("no request was sent")));
}

TEST(Fidelity, AFaultThatNeverFired) {
  Setting setting;
  setting.hand.request(110, 1);
  EXPECT_THAT(setting.undelivered_in_outage(), ElementsAre("the fault outage#1 on payments never fired"));
}

TEST(Fidelity, AFaultThatFiredTooRarely) {
  Setting setting;
  for (int at = 0; at < 50; ++at) {
    setting.hand.request(110 + at, 1);
    setting.hand.call(110.1 + at, 0.2, at < 10 ? 503 : 200, at < 10 ? "outage#1" : "");
  }
  EXPECT_THAT(setting.undelivered_in_outage(), ElementsAre(HasSubstr("fired on 10 of 50 calls where 100% was asked")));
}

// One that is asked for some calls only, or only at times, has not fired too rarely.
TEST(Fidelity, AFaultForSomeCallsOnly) {
  using scenarios::Fault;
  using std::chrono::seconds;
  const std::vector<void (*)(Fault&)> some = {
      [](Fault& fault) { fault.methods = {"GET"}; },
      [](Fault& fault) { fault.paths = {"/a"}; },
      [](Fault& fault) { fault.targeting.routes = {"GET /a"}; },
      [](Fault& fault) { fault.targeting.headers = {{"x-tenant", "7"}}; },
      [](Fault& fault) { fault.targeting.clients = {"127.0.0.1"}; },
      [](Fault& fault) { fault.targeting.first_tries = 1; },
      [](Fault& fault) { fault.targeting.first = 10; },
      [](Fault& fault) { fault.targeting.every = 5; },
      [](Fault& fault) { fault.targeting.at_most = 10; },
      [](Fault& fault) { fault.targeting.after = seconds(1); },
      [](Fault& fault) { fault.targeting.lasting = seconds(1); },
      [](Fault& fault) { fault.targeting.ramp = seconds(1); },
      [](Fault& fault) { fault.message.throttle.emplace(); },
      [](Fault& fault) { fault.message.stale = true; },
      [](Fault& fault) { fault.targeting.by_request = true, fault.share = 0.5; },
  };
  for (std::size_t at = 0; at < some.size(); ++at) {
    Setting setting;
    some[at](setting.plan.scenario.phases[0].faults[0]);
    for (int call = 0; call < 50; ++call) {
      setting.hand.request(110 + call, 1);
      setting.hand.call(110.1 + call, 0.2, call < 10 ? 503 : 200, call < 10 ? "outage#1" : "");
    }
    EXPECT_THAT(setting.undelivered_in_outage(), IsEmpty()) << at;
  }
}

TEST(Fidelity, AGeneratorThatLagged) {
  Setting setting;
  for (int at = 0; at < 50; ++at) {
    setting.hand.request(110 + at, 1).start += of_ms(at < 2 ? 6 : 0);
    setting.hand.call(120 + at, 0.2, 503, "outage#1");
  }
  EXPECT_THAT(setting.doubts_of_outage(),
              ElementsAre(HasSubstr("the generator lagged: p99 of the start behind schedule was 6.00 ms")));
}

TEST(Fidelity, RequestsThatTheHarnessDropped) {
  Setting setting;
  setting.hand.request(110, 1);
  setting.hand.call(110.1, 0.2, 503, "outage#1");
  setting.hand.request(111, 0, 0).outcome = events::Outcome::shed;
  EXPECT_THAT(setting.doubts_of_outage(), ElementsAre(HasSubstr("dropped 1 of 2 requests")));
}

// The target held both connections: that is told apart from a generator that lagged.
TEST(Fidelity, RequestsThatWaitedForTheTarget) {
  Setting setting;
  setting.hand.request(110, 700);
  setting.hand.request(111, 700);
  for (int at = 0; at < 50; ++at) {
    auto& request = setting.hand.request(112 + at, 698 - at);
    request.start = request.end;
    request.waited = of_ms(698 - at);
    if (at >= 40) request.outcome = events::Outcome::held_off;
  }
  EXPECT_THAT(setting.doubts_of_outage(), IsEmpty());
  EXPECT_EQ(setting.held_up_in_outage(),
            "the target held all 2 connections: 40 requests waited for one, up to 698 ms, 10 were never sent");
}

TEST(Fidelity, FaultsThatWereNeverSwitchedOn) {
  Setting setting;
  setting.hand.log.marks.resize(4);
  setting.hand.request(110, 1);
  setting.hand.call(110.1, 0.2, 503, "outage#1");
  EXPECT_THAT(setting.undelivered_in_outage(), ElementsAre("the faults of this phase were never switched on"));
}

TEST(Fidelity, WithholdingKeepsTheMeasurement) {
  Finding finding;
  finding.verdict = Verdict::holds;
  finding.checks = {{.name = "p99", .verdict = Verdict::holds, .measured = "3 ms"}};
  withhold(finding, {"one", "two"});
  EXPECT_EQ(finding.verdict, Verdict::inconclusive);
  EXPECT_EQ(finding.checks[0].missing, "one; two");
  EXPECT_EQ(finding.checks[0].measured, "3 ms");
}

TEST(Fidelity, ACutPhaseCannotHoldButCanViolate) {
  Finding finding;
  finding.checks = {{.name = "a", .verdict = Verdict::holds}, {.name = "b", .verdict = Verdict::violated}};
  withhold_holds(finding, "stopped");
  EXPECT_EQ(finding.verdict, Verdict::violated);
  EXPECT_EQ(finding.checks[0].verdict, Verdict::inconclusive);
  EXPECT_EQ(finding.checks[1].verdict, Verdict::violated);
}

}  // namespace
}  // namespace stormproof::verify
