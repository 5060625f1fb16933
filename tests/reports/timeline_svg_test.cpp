#include "reports/timeline_svg.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/reports/markup.h"
#include "tests/reports/sample_run.h"

namespace stormproof::reports {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr Time start = Time{} + 1000s;

std::string drawn(const RunRecord& record) { return draw_timeline(timeline(record)); }

TEST(TimelineSvg, OfNothingIsNothing) { EXPECT_EQ(draw_timeline({}), ""); }

TEST(TimelineSvg, IsWellFormedAndSaysInWordsWhatItShows) {
  for (const Sample sample : {Sample::holds, Sample::violated, Sample::starved}) {
    const std::string svg = drawn(sample_run(sample));
    EXPECT_EQ(trouble_with(svg), "");
    EXPECT_THAT(svg, HasSubstr("role=\"img\" aria-labelledby=\"timeline-title timeline-words\""));
    EXPECT_THAT(svg, HasSubstr("Phase payments down: 20.0 s to 40.0 s."));
    EXPECT_THAT(svg, HasSubstr("Faults from 20.0 s to 40.0 s: payments: abort with 503."));
  }
}

TEST(TimelineSvg, NeedsNoStyleAndNoScript) {
  const std::string svg = drawn(sample_run(Sample::holds));
  EXPECT_THAT(svg, Not(HasSubstr("<style")));
  EXPECT_THAT(svg, Not(HasSubstr("style=")));
  EXPECT_THAT(svg, Not(HasSubstr("<script")));
  EXPECT_THAT(svg, Not(HasSubstr("href")));
}

TEST(TimelineSvg, MarksTheBreaker) {
  const std::string svg = drawn(sample_run(Sample::holds));
  EXPECT_THAT(svg,
              HasSubstr("circuit-breaker on payments: opened at 20.1 s; closed at 40.2 s; 9 probes, 0 leaked calls."));
  EXPECT_THAT(svg, HasSubstr("<title>open, 20.1 s to 40.2 s</title>"));
  EXPECT_THAT(svg, HasSubstr("<title>probe at 22.1 s</title>"));
  EXPECT_THAT(drawn(sample_run(Sample::violated)), HasSubstr("0 probes, 40 leaked calls."));
}

TEST(TimelineSvg, ABreakerThatNeverClosesStaysOpenToTheEnd) {
  RunRecord record = sample_run(Sample::holds);
  record.findings[4].timeline.clear();
  EXPECT_THAT(drawn(record), HasSubstr("<title>open, 20.1 s to 60.0 s</title>"));
}

TEST(TimelineSvg, TellsEachBinInNumbers) {
  EXPECT_THAT(drawn(sample_run(Sample::violated)),
              HasSubstr("<title>0.0 s: 100 requests/s, 0 failed, 50 calls to payments, p99 "));
}

TEST(TimelineSvg, DrawsSeveralDependenciesAsLines) {
  RunRecord record = sample_run(Sample::holds);
  for (const char* name : {"orders", "stock", "tax", "zones"}) {
    record.log.exchanges.push_back({.side = events::Side::egress,
                                    .status = 200,
                                    .party = record.log.names.id_of(name),
                                    .start = record.started + 1s});
  }
  const std::string svg = drawn(record);
  EXPECT_EQ(trouble_with(svg), "");
  EXPECT_THAT(svg, HasSubstr("class=\"s-call3\""));
  EXPECT_THAT(svg, Not(HasSubstr("class=\"s-call4\""))) << "four at most";
}

TEST(TimelineSvg, EscapesHostileNames) {
  const std::string svg = drawn(hostile_run());
  EXPECT_EQ(trouble_with(svg), "");
  EXPECT_THAT(svg, Not(HasSubstr("<script")));
  EXPECT_THAT(svg, Not(HasSubstr("<img")));
}

TEST(TimelineSvg, StandsExtremes) {
  RunRecord record;
  record.log.exchanges = {{.outcome = events::Outcome::refused, .intended = start, .start = start, .end = start}};
  EXPECT_EQ(trouble_with(drawn(record)), "") << "no latency at all";
  record.log.exchanges = {{.status = 200, .intended = start, .start = start, .end = start}};
  EXPECT_EQ(trouble_with(drawn(record)), "") << "a latency of zero";
  record.log.exchanges.push_back({.status = 200, .intended = start + 24h * 365, .start = start, .end = Time::max()});
  record.log.mark(Time::min(), events::MarkKind::phase_begin, "a");
  record.findings = {{.expectation = "x",
                      .phase = "a",
                      .summary = "",
                      .checks = {},
                      .timeline = {{Time::min(), "opened"}, {Time::max(), "closed"}},
                      .exchanges = {}}};
  const std::string svg = drawn(record);
  EXPECT_EQ(trouble_with(svg), "");
  EXPECT_THAT(svg, Not(HasSubstr("nan")));
  EXPECT_THAT(svg, Not(HasSubstr("inf")));
}

}  // namespace
}  // namespace stormproof::reports
