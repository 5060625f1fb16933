#include "harness/verify/openness.h"

#include <gtest/gtest.h>

#include <set>

#include "tests/verify/hand_log.h"

namespace stormproof::verify {
namespace {

// A request every 10 ms; healthy for 5 s; then only these requests (by their number in the outage, from 0) call, and
// fail within 2 ms.
Calls outage(const std::set<int>& calling, HandLog& hand, double took = 2) {
  hand.phase(0, 5000, "steady state");
  hand.phase(5000, 15000, "outage");
  hand.faults(5000, 15000, "outage");
  for (int at = 0; at < 1500; ++at) {
    const int in_outage = at - 500;
    const bool calls = in_outage < 0 || calling.contains(in_outage);
    hand.request(at * 10.0, calls ? took + 1 : 1);
    if (in_outage < 0) hand.call(at * 10.0 + 0.5, 2);
    else if (calls) hand.call(at * 10.0 + 0.5, took, 503, "outage#1");
  }
  HandScenario plan(5000);
  plan.add("outage", 10000);
  return calls_of(View(hand.log, plan.scenario), "payments");
}

TEST(Openness, OpensWhenTheTrippingCallCompletes) {
  HandLog hand;
  const Calls calls = outage({0, 1, 2, 3, 4}, hand);
  const Openness seen = observe(calls, ms(5000), ms(15000), {std::chrono::seconds(20)});
  ASSERT_TRUE(seen.opened);
  EXPECT_EQ(seen.opened->low, ms(5042.5));
  EXPECT_EQ(seen.opened->high, ms(5043));  // the service's answer
  EXPECT_EQ(seen.first_failure, ms(5002.5));
  EXPECT_EQ(seen.trip_calls, 5u);
  EXPECT_EQ(seen.suppressed, 995u);
  ASSERT_EQ(seen.runs.size(), 1u);
  ASSERT_EQ(seen.cycles.size(), 1u);
  EXPECT_FALSE(seen.cycles[0].probe);
}

TEST(Openness, TellsProbesFromLeaks) {
  HandLog hand;
  const Calls calls = outage({0, 1, 2, 3, 4, 205, 300, 406, 607}, hand);
  const Openness seen = observe(calls, ms(5000), ms(15000), {std::chrono::milliseconds(1600)});
  ASSERT_EQ(seen.leaked.size(), 1u);
  EXPECT_EQ(calls.calls[seen.leaked[0]].request, 801u);
  ASSERT_EQ(sleeps(seen).size(), 3u);
  // The last but one suppressed request counts: the last may be a healthy miss.
  // A leak does not move the reopening: 406 comes 2.01 s after 205.
  EXPECT_EQ(seen.cycles[1].opened.high, ms(7053));
  EXPECT_EQ(seen.cycles[1].sleep, (Interval{of_ms(1985), of_ms(2010)}));
}

TEST(Openness, FindsTheLawAndTheLeakWithoutAClaim) {
  HandLog hand;
  const Calls calls = outage({0, 1, 2, 3, 4, 205, 300, 406, 607, 808}, hand);
  const Reading reading = read_freely(calls, ms(5000), ms(15000));
  EXPECT_TRUE(reading.established);
  EXPECT_EQ(reading.window.law, Law::constant);
  EXPECT_EQ(reading.seen.leaked.size(), 1u);
}

TEST(Openness, IrregularCallsAreNotExplained) {
  HandLog hand;
  const Calls calls = outage({0, 1, 2, 3, 4, 30, 205, 260, 500, 720, 755}, hand);
  EXPECT_FALSE(read_freely(calls, ms(5000), ms(15000)).established);
}

TEST(Openness, HalfOpenMayLetSeveralThroughAfterTheFirstOutcomeIfItAlwaysDoes) {
  HandLog hand;
  const Calls calls = outage({0, 1, 2, 3, 4, 205, 206, 207, 408, 409, 410, 611, 612, 613, 814, 815, 816}, hand);
  const Openness seen = observe(calls, ms(5000), ms(15000), {std::chrono::milliseconds(1600)});
  EXPECT_TRUE(seen.leaked.empty());
  EXPECT_EQ(seen.cycles[0].width, 3u);
  HandLog uneven;
  const Calls other = outage({0, 1, 2, 3, 4, 205, 206, 207, 408, 609, 810}, uneven);
  EXPECT_EQ(observe(other, ms(5000), ms(15000), {std::chrono::milliseconds(1600)}).leaked.size(), 2u);
}

TEST(Openness, AConcurrencyLimitIsNoBreaker) {
  HandLog hand;
  const Calls calls = outage({0, 50, 100, 150, 200, 250, 300}, hand, 499);
  EXPECT_TRUE(open_runs(calls, ms(5000), ms(8400)).empty());
}

TEST(Openness, AFewMissesAreNoOpenRun) {
  HandLog hand;
  std::set<int> calling;
  for (int at = 0; at < 1000; ++at) {
    if (at != 100 && at != 200 && at != 201) calling.insert(at);
  }
  EXPECT_TRUE(open_runs(outage(calling, hand), ms(5000), ms(15000)).empty());
}

}  // namespace
}  // namespace stormproof::verify
