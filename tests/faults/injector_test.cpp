#include "faults/injector.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

#include "harness/base/task_group.h"
#include "harness/events/recorder.h"
#include "tests/faults/stage.h"

namespace stormproof::faults {
namespace {

using base::Nanoseconds;
using std::chrono::milliseconds;

constexpr Nanoseconds never = std::chrono::hours(1);

struct Asked {
  std::string method = "GET";
  std::string target = "/";
  std::uint64_t trace = 0;  // 0: none
  auto operator<=>(const Asked&) const = default;
};

Rule delaying(std::string id, Nanoseconds base, double share = 1) {
  Rule rule;
  rule.id = std::move(id);
  rule.share = share;
  rule.latency = Latency{.base = base};
  return rule;
}

Rule aborting(std::string id, int status, double share = 1) {
  Rule rule;
  rule.id = std::move(id);
  rule.share = share;
  rule.abort = Abort{.status = status, .headers = {}, .body = ""};
  return rule;
}

class InjectorTest : public testing::Test {
 protected:
  // One request that is held, or has been let go.
  struct Held {
    Held(wire::IoContext& io, std::unique_ptr<wire::Interception> by) : pause(io), interception(std::move(by)) {}
    wire::Pause pause;
    std::unique_ptr<wire::Interception> interception;
    std::optional<wire::Interception::Decision> decision;
  };

  ~InjectorTest() override {
    for (const auto& held : all_) held->pause.interrupt();
    io_.restart();
    io_.run();
  }

  std::unique_ptr<wire::Interception> intercept(const Asked& asked) {
    wire::Head head;
    head.method = asked.method;
    head.target = asked.target;
    for (std::size_t i = 0; i < 8; ++i)
      head.trace.bytes[8 + i] = static_cast<std::uint8_t>(asked.trace >> (56 - 8 * i));
    return injector_.intercept({head, 1, ++requests_, clock_.now()});
  }

  // nullptr: nothing applies to it.
  Held* ask(const Asked& asked) {
    auto interception = intercept(asked);
    if (interception == nullptr) return nullptr;
    Held& held = *all_.emplace_back(std::make_unique<Held>(io_, std::move(interception)));
    tasks_.spawn(hold(held));
    return &held;
  }

  static base::Task<> hold(Held& held) { held.decision = co_await held.interception->before_upstream(held.pause); }

  // Runs what is due now.
  void poll() {
    io_.restart();
    io_.poll();
  }
  // Runs until nothing is held any more.
  void run() {
    io_.restart();
    io_.run();
  }

  std::vector<std::string> rules_fired() {
    std::vector<std::string> rules;
    for (const events::FaultFired& each : fired()) rules.emplace_back(sink_.log().names.name_of(each.rule));
    return rules;
  }
  std::vector<events::FaultFired> fired() { return acted(sink_.log()); }

  base::SystemClock clock_;
  wire::IoContext io_{wire::one_thread};
  events::Recorder sink_;
  Injector injector_{clock_, sink_, sink_.name("payments")};
  base::TaskGroup tasks_;
  std::vector<std::unique_ptr<Held>> all_;
  std::uint64_t requests_ = 0;
};

// Which requests are hit, by what was asked and its how-manieth time that was.
using Hits = std::map<std::pair<Asked, int>, bool>;

TEST_F(InjectorTest, WithoutAPlanNothingApplies) {
  EXPECT_TRUE(injector_.healed());
  EXPECT_EQ(ask({}), nullptr);
  injector_.apply(Plan(1, {aborting("a", 503, 0)}));
  EXPECT_FALSE(injector_.healed());
  EXPECT_EQ(ask({}), nullptr) << "a rule that does not fire costs nothing";
  EXPECT_TRUE(fired().empty());
}

TEST_F(InjectorTest, DecisionsDoNotDependOnTheOrderOfRequests) {
  std::vector<Asked> requests;
  for (std::uint64_t trace = 0; trace < 200; ++trace) {
    for (const char* target : {"/price", "/stock", "/pay?a=1"}) {
      for (const char* method : {"GET", "POST"}) {
        for (int attempt = 0; attempt < 2; ++attempt) requests.push_back({method, target, trace});
      }
    }
  }
  const auto hits_of = [&](std::uint64_t seed) {
    injector_.apply(Plan(seed, {aborting("a", 503, 0.4)}));
    std::map<Asked, int> attempts;
    Hits hits;
    for (const Asked& asked : requests) hits[{asked, attempts[asked]++}] = intercept(asked) != nullptr;
    return hits;
  };
  const Hits in_order = hits_of(1);
  std::mt19937_64 shuffle(4711);
  for (int round = 0; round < 5; ++round) {
    std::ranges::shuffle(requests, shuffle);
    ASSERT_EQ(hits_of(1), in_order);
  }
  EXPECT_NE(hits_of(2), in_order) << "another seed, other decisions";
  const auto hit = std::ranges::count_if(in_order, [](const auto& entry) { return entry.second; });
  EXPECT_NEAR(static_cast<double>(hit), 0.4 * 2400, 5 * 24) << "the share is met: five standard deviations";
}

// A service makes its calls of one trace side by side; which one comes first is chance.
TEST_F(InjectorTest, CallsOfOneTraceDrawEachOnTheirOwn) {
  int differ = 0;
  for (std::uint64_t trace = 1; trace <= 300; ++trace) {
    injector_.apply(Plan(3, {aborting("a", 503, 0.5)}));
    const bool price = intercept({"GET", "/price", trace}) != nullptr;
    const bool stock = intercept({"GET", "/stock", trace}) != nullptr;
    injector_.apply(Plan(3, {aborting("a", 503, 0.5)}));
    ASSERT_EQ(intercept({"GET", "/stock", trace}) != nullptr, stock);
    ASSERT_EQ(intercept({"GET", "/price", trace}) != nullptr, price);
    if (price != stock) ++differ;
  }
  EXPECT_NEAR(differ, 150, 45);
}

TEST_F(InjectorTest, ARetryDrawsOnItsOwn) {
  injector_.apply(Plan(3, {aborting("a", 503, 0.5)}));
  int first_only = 0;
  for (std::uint64_t trace = 1; trace <= 400; ++trace) {
    const bool first = intercept({"GET", "/", trace}) != nullptr;
    const bool second = intercept({"GET", "/", trace}) != nullptr;
    if (first && !second) ++first_only;
  }
  EXPECT_NEAR(first_only, 100, 45) << "a retry is hit or spared whatever became of the first try";
}

TEST_F(InjectorTest, RepeatedRequestsWithoutATraceMeetTheShare) {
  injector_.apply(Plan(8, {aborting("a", 503, 0.3)}));
  int hit = 0;
  for (int i = 0; i < 10'000; ++i) hit += intercept({}) != nullptr ? 1 : 0;
  EXPECT_NEAR(hit, 3'000, 230);
}

TEST_F(InjectorTest, EditingOneRuleLeavesTheOthersAlone) {
  const auto fired_by = [&](std::vector<Rule> rules) {
    injector_.apply(Plan(6, std::move(rules)));
    sink_.log().faults.clear();
    requests_ = 0;
    for (std::uint64_t trace = 1; trace <= 500; ++trace) ask({"GET", "/", trace});
    run();
    std::map<std::uint64_t, bool> by_a;
    for (const events::FaultFired& each : fired()) {
      if (sink_.log().names.name_of(each.rule) == "a") by_a[each.request] = true;
    }
    return by_a;
  };
  const auto before = fired_by({delaying("a", Nanoseconds(0), 0.3), delaying("b", Nanoseconds(0), 0.5)});
  Rule edited = delaying("b", Nanoseconds(1), 0.9);
  edited.methods = {"GET"};
  const auto after = fired_by({edited, delaying("c", Nanoseconds(0), 0.7), delaying("a", Nanoseconds(0), 0.3)});
  EXPECT_EQ(before, after);
  EXPECT_GT(before.size(), 100u);
}

TEST_F(InjectorTest, ADelayIsNeverShortAndIsReported) {
  Rule rule = delaying("slow", milliseconds(15));
  rule.latency->jitter = milliseconds(5);
  injector_.apply(Plan(1, {rule}));
  const base::Time begun = clock_.now();
  for (std::uint64_t i = 1; i <= 50; ++i) ask({"GET", "/", i});
  run();
  ASSERT_EQ(fired().size(), 50u);
  for (const events::FaultFired& each : fired()) {
    EXPECT_GE(each.delayed, Nanoseconds(milliseconds(10)));
    EXPECT_EQ(each.status, 0);
    EXPECT_EQ(sink_.log().names.name_of(each.party), "payments");
    EXPECT_GE(each.at, begun + each.delayed);
  }
  for (const auto& held : all_) {
    ASSERT_TRUE(held->decision);
    EXPECT_FALSE(held->decision->answer) << "a delay alone is forwarded";
  }
}

TEST_F(InjectorTest, AnAbortAnswersAtOnce) {
  injector_.apply(Plan(1, {aborting("down", 502)}));
  Held* const held = ask({});
  ASSERT_NE(held, nullptr);
  ASSERT_TRUE(held->decision) << "without waiting";
  EXPECT_TRUE(held->decision->answer);
  EXPECT_EQ(held->decision->status, 502);
  EXPECT_EQ(held->decision->response, "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n");
  ASSERT_EQ(fired().size(), 1u);
  EXPECT_EQ(fired()[0].status, 502);
  EXPECT_EQ(fired()[0].delayed, Nanoseconds(0));
  EXPECT_EQ(fired()[0].request, 1u);
}

TEST_F(InjectorTest, ARuleWithBothWaitsAndThenAborts) {
  Rule rule = delaying("both", milliseconds(10));
  rule.abort = Abort{.status = 504, .headers = {}, .body = "late"};
  injector_.apply(Plan(1, {rule}));
  Held* const held = ask({"HEAD", "/"});
  ASSERT_NE(held, nullptr);
  EXPECT_FALSE(held->decision);
  run();
  ASSERT_TRUE(held->decision);
  EXPECT_EQ(held->decision->response, "HTTP/1.1 504 Gateway Timeout\r\nContent-Length: 4\r\n\r\n") << "no body to HEAD";
  ASSERT_EQ(fired().size(), 1u) << "one rule, one event";
  EXPECT_GE(fired()[0].delayed, Nanoseconds(milliseconds(10)));
  EXPECT_EQ(fired()[0].status, 504);
}

TEST_F(InjectorTest, DelaysAddUpAndThenTheFirstAbortAnswers) {
  injector_.apply(Plan(1, {aborting("first", 500), delaying("one", milliseconds(5)), aborting("second", 501),
                           delaying("two", milliseconds(10))}));
  const base::Time begun = clock_.now();
  Held* const held = ask({});
  ASSERT_NE(held, nullptr);
  EXPECT_FALSE(held->decision) << "delays come before aborts, wherever they stand";
  run();
  EXPECT_GE(clock_.now() - begun, Nanoseconds(milliseconds(15)));
  ASSERT_TRUE(held->decision);
  EXPECT_EQ(held->decision->status, 500);
  EXPECT_EQ(rules_fired(), (std::vector<std::string>{"one", "two", "first"}))
      << "an abort that did not answer did not act";
  EXPECT_EQ(sink_.log().names.name_of(held->interception->rule()), "first");
}

TEST_F(InjectorTest, HealLetsTheHeldGoAtOnceAndForwardsThem) {
  Rule rule = delaying("both", never);
  rule.abort = Abort{};
  injector_.apply(Plan(1, {rule, delaying("more", never)}));
  Held* const one = ask({});
  Held* const two = ask({});
  poll();
  ASSERT_FALSE(one->decision);
  injector_.heal();
  EXPECT_TRUE(injector_.healed());
  poll();
  for (Held* const held : {one, two}) {
    ASSERT_TRUE(held->decision);
    EXPECT_FALSE(held->decision->answer) << "healed: neither the abort nor the second delay is left";
  }
  ASSERT_EQ(fired().size(), 2u) << "they were held, and that is told";
  for (const events::FaultFired& each : fired()) {
    EXPECT_EQ(each.status, 0);
    EXPECT_LT(each.delayed, never);
  }
  EXPECT_EQ(ask({}), nullptr);
}

TEST_F(InjectorTest, AClientThatLeavesEndsTheWaitAtOnce) {
  Rule rule = delaying("both", never);
  rule.abort = Abort{};
  injector_.apply(Plan(1, {rule, delaying("more", never)}));
  Held* const held = ask({});
  poll();
  held->pause.interrupt();
  poll();
  ASSERT_TRUE(held->decision);
  EXPECT_FALSE(held->decision->answer);
  ASSERT_EQ(rules_fired(), (std::vector<std::string>{"both"})) << "a delay that made a client give up has acted";
  EXPECT_EQ(fired()[0].status, 0);
}

TEST_F(InjectorTest, ALeavingClientIsNotKeptByAHealingOfTheSameInstant) {
  injector_.apply(Plan(1, {delaying("one", never), delaying("two", never)}));
  Held* const held = ask({});
  poll();
  held->pause.interrupt();
  injector_.heal();
  poll();
  EXPECT_TRUE(held->decision);
}

TEST_F(InjectorTest, AnotherPlanLeavesTheHeldToTheOldOne) {
  Rule rule = delaying("old", milliseconds(10));
  rule.abort = Abort{.status = 500, .headers = {}, .body = ""};
  injector_.apply(Plan(1, {rule}));
  Held* const held = ask({});
  injector_.apply(Plan(1, {aborting("new", 503)}));
  Held* const later = ask({});
  ASSERT_TRUE(later->decision);
  EXPECT_EQ(later->decision->status, 503);
  run();
  ASSERT_TRUE(held->decision);
  EXPECT_EQ(held->decision->status, 500) << "its rules outlive their plan";
  EXPECT_EQ(rules_fired(), (std::vector<std::string>{"new", "old"}));
}

TEST_F(InjectorTest, APlanBeginsToCountAnew) {
  const auto pattern = [&] {
    injector_.apply(Plan(5, {aborting("a", 503, 0.5)}));
    std::vector<bool> hit;
    for (int i = 0; i < 64; ++i) hit.push_back(intercept({}) != nullptr);
    return hit;
  };
  const auto first = pattern();
  EXPECT_EQ(pattern(), first) << "the same phase again is the same";
}

}  // namespace
}  // namespace stormproof::faults
