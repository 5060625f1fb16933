#include "scenarios/probe_schedule.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace stormproof::scenarios {
namespace {

using Kind = ProbeStep::Kind;
using std::chrono::milliseconds;
using std::chrono::seconds;

RateLimitExpectation claim(double rate, std::optional<std::uint64_t> burst = {}) {
  return {.rate_per_second = rate, .burst = burst};
}

std::size_t steps_of(const ProbeSchedule& schedule, Kind kind) {
  return static_cast<std::size_t>(std::ranges::count(schedule.steps, kind, &ProbeStep::kind));
}

TEST(ProbeSchedule, StepsFollowEachOtherAndShotsAreInOrder) {
  RateProbe probe;
  probe.vary = {{.value = "/b"}, {.value = "127.0.0.2", .own_quota = false}};
  probe.slow_on = "payments";
  for (const double rate : {0.5, 20.0, 1000.0}) {
    RateLimitExpectation one = claim(rate, 10);
    one.isolated = true;
    const ProbeSchedule schedule = probe_schedule(probe, one);
    Nanoseconds at{0};
    std::size_t shots = 0;
    for (const ProbeStep& step : schedule.steps) {
      EXPECT_EQ(step.begin, at);
      EXPECT_GE(step.end, step.begin);
      EXPECT_EQ(step.first_shot, shots);
      for (std::size_t i = shots; i < shots + step.shots; ++i) {
        EXPECT_GE(schedule.shots[i].offset, step.begin);
        EXPECT_LE(schedule.shots[i].offset, step.end);
      }
      at = step.end;
      shots += step.shots;
    }
    EXPECT_EQ(at, schedule.lasting);
    EXPECT_EQ(shots, schedule.shots.size());
    EXPECT_TRUE(std::ranges::is_sorted(schedule.shots, {}, &ProbeShot::offset));
    for (const Kind kind :
         {Kind::row, Kind::staircase, Kind::sustained, Kind::slowed, Kind::variation, Kind::isolation})
      EXPECT_GE(steps_of(schedule, kind), 1U) << to_string(kind);
    EXPECT_EQ(schedule.steps.front().kind, Kind::rest);
  }
}

TEST(ProbeSchedule, WhatIsNotAskedForIsNotSent) {
  const ProbeSchedule schedule = probe_schedule({}, claim(20, 10));
  for (const Kind kind : {Kind::slowed, Kind::variation, Kind::isolation}) EXPECT_EQ(steps_of(schedule, kind), 0U);
  EXPECT_TRUE(std::ranges::all_of(schedule.shots, [](const ProbeShot& shot) { return shot.variant == 0; }));
}

TEST(ProbeSchedule, ItIsSizedFromTheClaim) {
  EXPECT_EQ(refill_time(claim(20, 10)), milliseconds(500));
  EXPECT_EQ(refill_time(claim(20)), seconds(1));
  EXPECT_EQ(refill_time(claim(1000, 10)), milliseconds(250));
  RateLimitExpectation minute = claim(100.0 / 60, 100);
  minute.window = seconds(60);
  EXPECT_EQ(refill_time(minute), seconds(60));
  EXPECT_LT(probe_schedule({}, claim(20, 10)).lasting, seconds(20));
  EXPECT_GT(probe_schedule({}, minute).lasting, seconds(300));
  // The first burst is more than any limit of that claim admits.
  for (const std::uint64_t burst : {1U, 10U, 500U}) {
    const ProbeSchedule schedule = probe_schedule({}, claim(50, burst));
    const ProbeStep& row = schedule.steps[1];
    ASSERT_EQ(row.kind, Kind::row);
    const auto first = std::ranges::count_if(schedule.shots, [&](const ProbeShot& shot) {
      return shot.offset >= row.begin && shot.offset < row.begin + refill_time(claim(50, burst)) / 5;
    });
    EXPECT_GT(static_cast<std::uint64_t>(first), burst + 3);
  }
}

TEST(ProbeSchedule, WhoIsModerateStaysWithinTheLimit) {
  RateProbe probe;
  probe.vary = {{.value = "/b", .own_quota = false}, {.value = "/c"}};
  RateLimitExpectation one = claim(20, 10);
  one.isolated = true;
  const ProbeSchedule schedule = probe_schedule(probe, one);
  const auto step = std::ranges::find(schedule.steps, Kind::isolation, &ProbeStep::kind);
  ASSERT_NE(step, schedule.steps.end());
  EXPECT_EQ(step->variant, 2U) << "the first with a quota of its own";
  std::size_t moderate = 0;
  for (std::size_t i = step->first_shot; i < step->first_shot + step->shots; ++i)
    moderate += schedule.shots[i].variant == 2 ? 1 : 0;
  const double lasted = std::chrono::duration<double>(step->end - step->begin).count();
  EXPECT_GE(moderate, 100U);
  EXPECT_NEAR(static_cast<double>(moderate) / lasted, 10, 0.5);
  EXPECT_NEAR(static_cast<double>(step->shots - moderate) / lasted, 200, 5);
}

TEST(ProbeSchedule, ItIsBoundedWhateverIsClaimed) {
  RateLimitExpectation much = claim(probe_rate_max, probe_burst_max);
  much.window = std::chrono::hours(1);
  EXPECT_LE(probe_schedule({}, much).shots.size(), probe_shots_max);
  EXPECT_GT(probe_schedule({}, claim(1.0 / 3600, 50)).lasting, probe_lasting_max);
}

TEST(ProbeSchedule, IsToldToPeople) {
  EXPECT_EQ(describe(ProbeSchedule{.steps = {}, .shots = {{}, {}}, .lasting = milliseconds(12'300)}),
            "12.3 s, 2 requests");
}

}  // namespace
}  // namespace stormproof::scenarios
