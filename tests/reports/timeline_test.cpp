#include "reports/timeline.h"

#include <gtest/gtest.h>

#include "tests/reports/sample_run.h"

namespace stormproof::reports {
namespace {

using namespace std::chrono_literals;
using events::MarkKind;
using events::Outcome;
using events::Side;

constexpr Time start = Time{} + 1000s;

TEST(Timeline, OfNothingIsEmpty) {
  EXPECT_TRUE(timeline({}).bins.empty());
  RunRecord shed_only;
  shed_only.log.exchanges = {{.outcome = Outcome::refused}};  // all its instants are zero
  EXPECT_TRUE(timeline(shed_only).bins.empty());
}

TEST(Timeline, LosesNoRequestAndNoCall) {
  const RunRecord record = sample_run(Sample::violated);
  const Timeline line = timeline(record);
  std::uint64_t good = 0, failed = 0, calls = 0;
  for (const TimelineBin& bin : line.bins) {
    good += bin.good;
    failed += bin.failed;
    calls += bin.calls.at(0);
  }
  const TrafficStats stats = traffic_stats(record);
  EXPECT_EQ(good + failed, stats.candidate()->requests);
  EXPECT_EQ(failed, stats.candidate()->failed);
  EXPECT_EQ(calls, stats.dependencies.at(0).requests);
}

TEST(Timeline, BinsBeginAndEndWithThePhases) {
  const Timeline line = timeline(sample_run(Sample::holds));
  ASSERT_EQ(line.phases.size(), 3U);
  EXPECT_EQ(line.begin, line.phases.front().begin);
  EXPECT_EQ(line.end, line.phases.back().end);
  EXPECT_EQ(line.bin_width, 500ms);
  EXPECT_EQ(line.bins.size(), 120U);
  for (const TimelineBin& bin : line.bins) ASSERT_EQ(bin.good + bin.failed, 50U);
}

TEST(Timeline, ShowsTrafficThatGoesOnWithoutPhases) {
  RunRecord record;
  for (int i = 0; i < 10; ++i) {
    record.log.exchanges.push_back(
        {.status = 200, .intended = start + i * 1s, .start = start + i * 1s, .end = start + i * 1s + 2ms});
  }
  const Timeline line = timeline(record);
  EXPECT_TRUE(line.phases.empty());
  EXPECT_EQ(line.bin_width, 100ms);
  EXPECT_EQ(line.bins.size(), 90U);
  EXPECT_EQ(line.bins.front().good, 1U);
  EXPECT_EQ(line.bins.back().good, 1U) << "the last bin takes the instant of the end";
}

TEST(Timeline, NeverHasMoreBinsThanItsBound) {
  for (const Nanoseconds span : {Nanoseconds(1ns), Nanoseconds(1ms), Nanoseconds(59'999ms), Nanoseconds(61s),
                                 Nanoseconds(20h), Nanoseconds(24h * 365 * 100)}) {
    RunRecord record;
    record.log.exchanges = {{.intended = start, .start = start, .end = start},
                            {.intended = start + span, .start = start + span, .end = start + span}};
    const Timeline line = timeline(record);
    EXPECT_GE(line.bins.size(), 1U);
    EXPECT_LE(line.bins.size(), timeline_bins_max) << span.count();
    std::uint64_t all = 0;
    for (const TimelineBin& bin : line.bins) all += bin.good + bin.failed;
    EXPECT_EQ(all, 2U);
  }
}

TEST(Timeline, ABinOfTimeoutsHasNoP99) {
  RunRecord record;
  record.log.exchanges = {
      {.status = 200, .intended = start, .start = start, .end = start + 7ms},
      {.outcome = Outcome::head_timeout, .intended = start + 10s, .start = start + 10s, .end = start + 11s}};
  const Timeline line = timeline(record);
  EXPECT_EQ(line.bins.front().p99, 7ms);
  EXPECT_FALSE(line.bins.back().p99);
  EXPECT_EQ(line.bins.back().failed, 1U);
  EXPECT_FALSE(line.bins[1].p99) << "no request, no latency";
}

TEST(Timeline, FaultWindowsSayWhatWasOn) {
  const Timeline line = timeline(sample_run(Sample::holds));
  ASSERT_EQ(line.faults.size(), 1U);
  EXPECT_EQ(line.faults[0].what, "payments: abort with 503");
  EXPECT_EQ(line.faults[0].begin, line.phases[1].begin);
  EXPECT_EQ(line.faults[0].end, line.phases[1].end);
}

TEST(Timeline, ALaneAnExpectationAcrossPhasesAndNoMomentTwice) {
  RunRecord record = sample_run(Sample::holds);
  record.findings[4].timeline.push_back(record.findings[2].timeline.front());
  const Timeline line = timeline(record);
  ASSERT_EQ(line.lanes.size(), 2U);
  EXPECT_EQ(line.lanes[0].what, "circuit-breaker on payments");
  EXPECT_EQ(line.lanes[0].moments.size(), 19U) << "opened, nine probes, eight reopenings, closed";
  EXPECT_EQ(line.lanes[0].moments.front().kind, MomentKind::opened);
  EXPECT_EQ(line.lanes[0].moments.back().kind, MomentKind::closed);
  EXPECT_EQ(line.lanes[1].what, "recovers");
  ASSERT_EQ(line.lanes[1].moments.size(), 1U) << "the heal is the end of the faults' window";
  EXPECT_EQ(line.lanes[1].moments[0].what, "stable");
}

TEST(Timeline, KnowsTheWordsOfVerdicts) {
  EXPECT_EQ(kind_of_moment("opened"), MomentKind::opened);
  EXPECT_EQ(kind_of_moment("reopened"), MomentKind::reopened);
  EXPECT_EQ(kind_of_moment("probe"), MomentKind::probe);
  EXPECT_EQ(kind_of_moment("closed"), MomentKind::closed);
  EXPECT_EQ(kind_of_moment("leaked call"), MomentKind::leak);
  EXPECT_EQ(kind_of_moment("healed"), MomentKind::other);
  EXPECT_EQ(kind_of_moment(""), MomentKind::other);
}

TEST(Timeline, TakesAnyInstants) {
  RunRecord record;
  record.log.exchanges = {{.intended = Time::min(), .start = Time::max(), .end = Time::min()},
                          {.side = Side::egress, .intended = Time::max(), .start = Time::min(), .end = Time::max()},
                          {.status = 200, .intended = start, .start = start, .end = Time::max()}};
  record.log.mark(Time::min(), MarkKind::phase_begin, "a");
  record.log.mark(Time::max(), MarkKind::phase_end, "a");
  record.findings = {{.expectation = "x",
                      .phase = "a",
                      .summary = "",
                      .checks = {},
                      .timeline = {{Time::min(), "opened"}, {Time::max(), "closed"}},
                      .exchanges = {}}};
  const Timeline line = timeline(record);
  EXPECT_GE(line.bins.size(), 1U);
  EXPECT_LE(line.bins.size(), timeline_bins_max);
}

}  // namespace
}  // namespace stormproof::reports
