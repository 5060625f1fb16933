#include "reports/traffic_stats.h"

#include <gtest/gtest.h>

#include <limits>

#include "tests/reports/sample_run.h"

namespace stormproof::reports {
namespace {

using namespace std::chrono_literals;
using events::Exchange;
using events::MarkKind;
using events::Outcome;
using events::Side;

constexpr Time start = Time{} + 1000s;

Exchange answered(Nanoseconds after, Nanoseconds took, std::uint16_t status = 200) {
  return {.status = status,
          .intended = start + after,
          .start = start + after + 1ms,
          .first_byte = start + after + took,
          .end = start + after + took};
}

TEST(Latencies, CountFromTheIntendedTimeAndPutTheUnansweredLast) {
  Latencies latencies;
  EXPECT_FALSE(latencies.quantile(0.5));
  EXPECT_FALSE(latencies.max());
  for (int i = 1; i <= 99; ++i) latencies.add(answered(0s, i * 1us));
  Exchange reset = answered(0s, 5us, 0);
  reset.outcome = Outcome::reset;
  latencies.add(reset);
  EXPECT_EQ(latencies.answered(), 99U);
  EXPECT_EQ(latencies.unanswered(), 1U);
  EXPECT_NEAR(static_cast<double>(latencies.quantile(0.5)->count()), 50e3, 50) << "to the precision of the histogram";
  EXPECT_EQ(latencies.quantile(0.99), 99us);
  EXPECT_FALSE(latencies.quantile(0.999)) << "falls on the one without an answer";
  EXPECT_EQ(latencies.max(), 99us);
}

TEST(Latencies, WithoutAnAnswerThereIsNone) {
  Latencies latencies;
  latencies.add({.outcome = Outcome::refused});
  EXPECT_FALSE(latencies.quantile(0.0));
  EXPECT_FALSE(latencies.quantile(1.0));
}

TEST(TrafficStats, CountsEachRequestOnce) {
  RunRecord record;
  const events::NameId candidate = record.log.names.id_of("candidate");
  const events::NameId payments = record.log.names.id_of("payments");
  const events::NameId rule = record.log.names.id_of("down#1");
  const auto add = [&](Exchange exchange, events::NameId party) {
    exchange.party = party;
    record.log.exchanges.push_back(exchange);
  };
  add(answered(0ms, 10ms), candidate);
  add(answered(10ms, 10ms, 404), candidate);
  add(answered(20ms, 10ms, 503), candidate);
  Exchange timeout = answered(30ms, 1s, 0);
  timeout.outcome = Outcome::head_timeout;
  add(timeout, candidate);
  add({.outcome = Outcome::shed, .intended = start + 40ms}, candidate);
  Exchange call = answered(0ms, 2ms, 503);
  call.side = Side::egress;
  call.outcome = Outcome::faulted;
  call.fault = rule;
  add(call, payments);

  const TrafficStats stats = traffic_stats(record);
  ASSERT_EQ(stats.targets.size(), 1U);
  const PartyStats& target = stats.targets[0];
  EXPECT_EQ(stats.candidate(), &target);
  EXPECT_EQ(target.party, "candidate");
  EXPECT_EQ(target.requests, 4U) << "what was shed was not sent";
  EXPECT_EQ(target.failed, 2U) << "503 and the timeout; 404 is an answer";
  EXPECT_EQ(target.shed, 1U);
  EXPECT_EQ(stats.shed, 1U);
  EXPECT_EQ(target.statuses, (std::map<std::uint16_t, std::uint64_t>{{200, 1}, {404, 1}, {503, 1}}));
  EXPECT_EQ(target.without_answer, (std::map<Outcome, std::uint64_t>{{Outcome::head_timeout, 1}}));
  EXPECT_EQ(target.schedule_error.count(), 4U);
  EXPECT_EQ(target.schedule_error.max(), 1ms);
  ASSERT_EQ(stats.dependencies.size(), 1U);
  EXPECT_EQ(stats.dependencies[0].faulted, 1U);
  EXPECT_EQ(stats.dependencies[0].failed, 1U);
  EXPECT_EQ(stats.dependencies[0].latency.max(), 2ms) << "the fault's answer is an answer";
  EXPECT_EQ(stats.dependencies[0].schedule_error.count(), 0U);
}

TEST(TrafficStats, TheCandidateIsJudgedWhereverItStands) {
  RunRecord record;
  for (const char* name : {"baseline", "candidate", "spare"}) {
    Exchange exchange = answered(0s, 1ms);
    exchange.party = record.log.names.id_of(name);
    record.log.exchanges.push_back(exchange);
  }
  ASSERT_NE(traffic_stats(record).candidate(), nullptr);
  EXPECT_EQ(traffic_stats(record).candidate()->party, "candidate");
  EXPECT_EQ(traffic_stats({}).candidate(), nullptr);
}

TEST(TrafficStats, PutsRequestsIntoPhasesByTheirIntendedTime) {
  RunRecord record;
  events::Log& log = record.log;
  log.mark(start, MarkKind::phase_begin, "one");
  log.mark(start + 100ms, MarkKind::phase_end, "one");
  log.mark(start + 100ms, MarkKind::phase_begin, "two");
  log.mark(start + 110ms, MarkKind::faults_on, "two");
  log.mark(start + 190ms, MarkKind::faults_off, "two");
  log.mark(start + 200ms, MarkKind::phase_end, "two");
  log.mark(start + 200ms, MarkKind::phase_begin, "cut short");
  record.ended = start + 250ms;
  for (const auto at : {-1ms, 0ms, 99ms, 100ms, 199ms, 249ms, 250ms}) {
    Exchange exchange = answered(at, 1ms, at == 100ms ? 500 : 200);
    exchange.party = log.names.id_of("candidate");
    log.exchanges.push_back(exchange);
  }
  const auto phases = traffic_stats(record).phases;
  ASSERT_EQ(phases.size(), 3U);
  EXPECT_EQ(phases[0].requests, 2U);
  EXPECT_EQ(phases[1].requests, 2U);
  EXPECT_EQ(phases[1].failed, 1U);
  EXPECT_EQ(phases[1].faults_on, start + 110ms);
  EXPECT_EQ(phases[1].faults_off, start + 190ms);
  EXPECT_FALSE(phases[0].faults_on);
  EXPECT_EQ(phases[2].name, "cut short");
  EXPECT_EQ(phases[2].end, start + 250ms);
  EXPECT_EQ(phases[2].requests, 1U);
}

TEST(TrafficStats, NamesTheRuleThatNeverFired) {
  RunRecord record;
  record.planned_faults = {{"a#1", "a", "payments", "abort with 503", 1},
                           {"a#2", "a", "payments", "abort with 429", 0.5}};
  const auto rule = record.log.names.id_of("a#1");
  const auto stranger = record.log.names.id_of("by hand");
  record.log.faults = {{.at = start, .rule = rule}, {.at = start, .rule = rule}, {.at = start, .rule = stranger}};
  const auto faults = traffic_stats(record).faults;
  ASSERT_EQ(faults.size(), 3U);
  EXPECT_EQ(faults[0].fired, 2U);
  EXPECT_EQ(faults[1].rule.rule, "a#2");
  EXPECT_EQ(faults[1].fired, 0U);
  EXPECT_EQ(faults[2].rule.rule, "by hand");
  EXPECT_EQ(faults[2].fired, 1U);
}

TEST(TrafficStats, InstantsFarApartAreNotUndefined) {
  RunRecord record;
  record.log.exchanges = {
      {.intended = Time::min(), .start = Time::max(), .first_byte = Time::min(), .end = Time::max()}, {}};
  record.log.mark(Time::max(), MarkKind::phase_begin, "");
  record.log.mark(Time::min(), MarkKind::phase_end, "");
  const TrafficStats stats = traffic_stats(record);
  EXPECT_EQ(stats.targets.at(0).requests, 2U);
  EXPECT_EQ(between(Time::min(), Time::max()), -1ns) << "wraps around";
  EXPECT_EQ(between(start, start + 5s), 5s);
}

TEST(TrafficStats, AgreeWithTheSample) {
  const TrafficStats stats = traffic_stats(sample_run(Sample::holds));
  ASSERT_EQ(stats.phases.size(), 3U);
  EXPECT_EQ(stats.candidate()->requests, 6000U);
  EXPECT_EQ(stats.phases[0].requests + stats.phases[1].requests + stats.phases[2].requests, 6000U);
  EXPECT_EQ(stats.dependencies.at(0).faulted, stats.faults.at(0).fired);
}

}  // namespace
}  // namespace stormproof::reports
