#include "harness/run/live.h"

#include <gtest/gtest.h>

#include "harness/events/recorder.h"

namespace stormproof::run {
namespace {

using events::Outcome;
using events::Side;

events::Exchange exchange(Side side, Outcome outcome, std::uint16_t status) {
  events::Exchange made;
  made.side = side;
  made.outcome = outcome;
  made.status = status;
  return made;
}

TEST(Live, AFailureIsNoAnswerOrAnAnswerThatTheServerFailed) {
  EXPECT_FALSE(is_failure(exchange(Side::ingress, Outcome::answered, 200)));
  EXPECT_FALSE(is_failure(exchange(Side::ingress, Outcome::answered, 499)));
  EXPECT_TRUE(is_failure(exchange(Side::ingress, Outcome::answered, 500)));
  EXPECT_TRUE(is_failure(exchange(Side::ingress, Outcome::reset, 0)));
  EXPECT_TRUE(is_failure(exchange(Side::ingress, Outcome::reset, 200))) << "the answer was not whole";
}

TEST(Live, RequestsCallsAndFaultsAreCountedApart) {
  events::Recorder recorder;
  LiveCounts counts;
  CountingSink sink(recorder, counts);
  sink.exchange(exchange(Side::ingress, Outcome::answered, 200));
  sink.exchange(exchange(Side::ingress, Outcome::answered, 404));
  sink.exchange(exchange(Side::ingress, Outcome::head_timeout, 0));
  sink.exchange(exchange(Side::egress, Outcome::answered, 503));
  sink.fault({});
  sink.fault({});
  EXPECT_EQ(counts.sent, 3u);
  EXPECT_EQ(counts.failed, 1u) << "a failed call to a dependency is no failed request";
  EXPECT_EQ(counts.calls, 1u);
  EXPECT_EQ(counts.faults, 2u);
}

TEST(Live, EverythingIsPassedOnAsItCame) {
  events::Recorder recorder;
  LiveCounts counts;
  CountingSink sink(recorder, counts);
  events::Exchange one = exchange(Side::egress, Outcome::answered, 201);
  one.party = sink.name("ledger");
  one.route = sink.route("GET", "/orders/17");
  events::FaultFired fault;
  fault.party = one.party;
  fault.status = 503;
  sink.exchange(one);
  sink.fault(fault);

  const events::Log& log = recorder.log();
  ASSERT_EQ(log.exchanges.size(), 1u);
  EXPECT_EQ(log.exchanges[0], one);
  ASSERT_EQ(log.faults.size(), 1u);
  EXPECT_EQ(log.faults[0], fault);
  EXPECT_EQ(log.names.name_of(one.party), "ledger");
  EXPECT_EQ(log.names.name_of(one.route), "GET /orders/{id}");
}

}  // namespace
}  // namespace stormproof::run
