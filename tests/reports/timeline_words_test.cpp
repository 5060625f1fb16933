#include "reports/timeline_words.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/reports/sample_run.h"

namespace stormproof::reports {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(TimelineWords, TellTheWholeRun) {
  const std::string words = describe(timeline(sample_run(Sample::holds)));
  EXPECT_THAT(words, StartsWith("The run took 60.0 s. Phase steady state: 0.0 s to 20.0 s. Phase payments down:"));
  EXPECT_THAT(words, HasSubstr("Faults from 20.0 s to 40.0 s: payments: abort with 503."));
  EXPECT_THAT(words,
              HasSubstr("circuit-breaker on payments: opened at 20.1 s; closed at 40.2 s; 9 probes, 0 leaked calls."));
}

TEST(TimelineWords, TellABin) {
  const Timeline line = timeline(sample_run(Sample::violated));
  EXPECT_THAT(describe(line, 0), StartsWith("0.0 s: 100 requests/s, 0 failed, 50 calls to payments, p99 1"));
  EXPECT_THAT(describe(line, 60), StartsWith("30.0 s: 100 requests/s, "));
  EXPECT_DOUBLE_EQ(rate_of(line, 50, 0), 100);
}

TEST(TimelineWords, TheClockStaysWithinTheRun) {
  Timeline line;
  line.begin = Time{} + 1000s;
  line.end = line.begin + 60s;
  EXPECT_EQ(clock_of(line, line.begin + 20'060ms), "20.1 s");
  EXPECT_EQ(clock_of(line, Time::min()), "0.0 s");
  EXPECT_EQ(clock_of(line, Time::max()), "60.0 s");
  line.end = line.begin + 2h;
  EXPECT_EQ(clock_of(line, line.begin + 725s), "12:05");
  EXPECT_EQ(clock_of(Timeline(), Time{} + 5s), "0.0 s");
}

}  // namespace
}  // namespace stormproof::reports
