// What is told of each connection: spared, hurt and how, or why not.
#include "faults/stream_link.h"

#include <gtest/gtest.h>

#include <map>
#include <mutex>

#include "harness/events/recorder.h"
#include "tests/faults/hurt_relay.h"
#include "tests/support/waiting.h"

namespace stormproof::faults {
namespace {

using std::chrono::milliseconds;
using support::RawConnection;

class Ledger : public testing::Test {
 protected:
  // What was told of the connections that have ended, by number.
  std::map<std::uint64_t, events::FaultFired> told(std::size_t wanted) {
    std::map<std::uint64_t, events::FaultFired> found;
    EXPECT_TRUE(support::eventually(milliseconds(5000), [&] {
      found.clear();
      for (const events::FaultFired& one : relay_.faults()) found[one.identity] = one;
      return found.size() >= wanted;
    }));
    return found;
  }
  void ask(std::size_t bytes) {
    RawConnection client = relay_.connect();
    EXPECT_TRUE(client.send(std::string(bytes, 'x')));
    client.end_sending();
    static_cast<void>(client.read_to_end());
  }

  HurtRelay relay_;
};

TEST_F(Ledger, SaysHowMuchPassedAndForHowLongItWasHeld) {
  relay_.set("slow", StreamLatency{.distribution = {.base = milliseconds(20)}});
  ask(500);
  const events::FaultFired one = told(1).begin()->second;
  EXPECT_EQ(one.effect, events::Effect::acted);
  EXPECT_EQ(one.sent, 500U);
  EXPECT_EQ(one.cut, 0U);
  EXPECT_GE(one.delayed, milliseconds(20));
  EXPECT_EQ(one.request, 0U) << "it is about a connection";
  EXPECT_EQ(one.identity, 1U);
}

TEST_F(Ledger, SaysWhatWasCut) {
  relay_.set("limit", LimitData{.bytes = 100});
  ask(500);
  const events::FaultFired one = told(1).begin()->second;
  EXPECT_EQ(one.effect, events::Effect::acted);
  EXPECT_EQ(one.sent, 100U);
  EXPECT_EQ(one.cut, 400U);
}

TEST_F(Ledger, SaysWhomItSparedAndWhereItHadNothingToDo) {
  relay_.set("half", LimitData{.bytes = 100}, Direction::downstream, Place::client, 0.5);
  const StreamFault drawn{.name = "half", .share = 0.5, .kind = LimitData{.bytes = 100}};
  for (int i = 0; i < 20; ++i) ask(i < 10 ? 500 : 50);
  for (const auto& [number, one] : told(20)) {
    const bool hit = drawn.hits(1, number);
    const events::Effect wanted = !hit           ? events::Effect::spared
                                  : number <= 10 ? events::Effect::acted
                                                 : events::Effect::nothing;
    EXPECT_EQ(one.effect, wanted) << number;
  }
}

TEST_F(Ledger, AFaultThatEndsBeforeItsConnectionIsToldThen) {
  relay_.set("slow", StreamLatency{.distribution = {.base = milliseconds(1)}});
  RawConnection client = relay_.connect();
  EXPECT_TRUE(client.send("a"));
  EXPECT_EQ(client.read(1).value_or(""), "a");
  EXPECT_TRUE(relay_.faults().empty());
  relay_.withdraw("slow");
  EXPECT_EQ(told(1).begin()->second.sent, 1U);
  client.close();
  EXPECT_TRUE(support::eventually(milliseconds(5000), [&] { return relay_.board().state("t")->connections == 0; }));
  EXPECT_EQ(relay_.faults().size(), 1U) << "once";
}

}  // namespace
}  // namespace stormproof::faults
