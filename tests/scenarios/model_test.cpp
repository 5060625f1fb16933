#include "scenarios/model.h"

#include <gtest/gtest.h>

namespace stormproof::scenarios {
namespace {

using std::chrono::seconds;

TEST(Model, HasTheDocumentedDefaults) {
  EXPECT_EQ(Health{}.path, "/");
  EXPECT_EQ(Health{}.within, seconds(10));
  EXPECT_EQ(Fault{}.share, 1.0);
  EXPECT_EQ(AbortFault{}.status, 503);
  EXPECT_EQ(LatencyFault{}.jitter, Nanoseconds(0));
  EXPECT_FALSE(Traffic{}.allow_writes) << "what writes is sent only where the scenario says so";
  EXPECT_TRUE(Gate{}.on_violated);
  EXPECT_TRUE(Gate{}.on_inconclusive) << "no data never passes";
  EXPECT_FALSE(Gate{}.abort_when.has_value());
}

TEST(Model, HasNoLimitThatWasNotWritten) {
  const BreakerExpectation breaker;
  EXPECT_FALSE(breaker.opens_within || breaker.leaks_at_most || breaker.probes_every || breaker.closes_within);
  const Traffic traffic;
  EXPECT_FALSE(traffic.rate_per_second || traffic.speed || traffic.ramp);
  EXPECT_TRUE(traffic.methods.empty() && traffic.paths.empty());
}

}  // namespace
}  // namespace stormproof::scenarios
