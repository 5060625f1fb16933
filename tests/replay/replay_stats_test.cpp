#include "replay/replay_stats.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace stormproof::replay {
namespace {

namespace json = boost::json;
using events::Outcome;
using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::Not;

constexpr base::Time begin{std::chrono::seconds(1'700'000'000)};

// Intended at `at`, sent `late` afterwards, ended after `took` more.
events::Exchange exchange(milliseconds at, milliseconds late, milliseconds took, int status,
                          Outcome outcome = Outcome::answered) {
  events::Exchange made;
  made.outcome = outcome;
  made.status = static_cast<std::uint16_t>(status);
  made.intended = begin + at;
  made.start = made.intended + late;
  made.first_byte = made.end = made.start + took;
  return made;
}

ReplayTarget about() { return {.capture = "a.traffic", .target = "http://127.0.0.1:80", .pacing = "20x"}; }

json::object document(const ReplayStats& stats, const ReplayTarget& target) {
  const std::string text = stats.to_json(target);
  EXPECT_TRUE(text.ends_with("}\n")) << "one line";
  return json::parse(text).as_object();
}

ReplayStats busy() {
  ReplayStats stats;
  for (int i = 0; i < 100; ++i)
    stats.exchange(exchange(milliseconds(10 * i), milliseconds(i % 2), milliseconds(i + 1), i < 90 ? 200 : 503));
  stats.exchange(exchange(milliseconds(2'000), milliseconds(0), milliseconds(5), 0, Outcome::refused));
  stats.exchange(exchange(milliseconds(2'010), milliseconds(0), milliseconds(5), 200, Outcome::reset));
  stats.exchange(exchange(milliseconds(2'020), milliseconds(700), milliseconds(0), 0, Outcome::shed));
  return stats;
}

TEST(ReplayStats, CountsRequestsAnswersAndFailuresByCause) {
  const ReplayStats stats = busy();
  EXPECT_EQ(stats.requests(), 103u);
  EXPECT_EQ(stats.answered(), 100u);
  EXPECT_FALSE(stats.all_answered());
  const json::object found = document(stats, about());
  EXPECT_EQ(found.at("schema"), "stormproof.replay/1");
  EXPECT_EQ(found.at("requests"), 103);
  EXPECT_EQ(found.at("sent"), 102) << "what was shed was not sent";
  EXPECT_EQ(found.at("answered"), 100);
  EXPECT_EQ(found.at("statuses"), (json::object{{"200", 90}, {"503", 10}}));
  EXPECT_EQ(found.at("failures"), (json::object{{"refused", 1}, {"reset", 1}, {"shed by the harness", 1}}));
}

// A target that holds every connection is not a generator that lags.
TEST(ReplayStats, WaitingForTheTargetIsNoScheduleError) {
  ReplayStats stats;
  for (int i = 0; i < 100; ++i) {
    auto late = exchange(milliseconds(10 * i), milliseconds(501), milliseconds(505), 200);
    late.waited = milliseconds(500);
    stats.exchange(late);
  }
  EXPECT_FALSE(stats.lagged());
  const json::object found = document(stats, about());
  EXPECT_EQ(found.at("schedule_error").at("max_ns"), 1'000'000);
  EXPECT_GE(found.at("latency_from_intended").at("p50_ns").to_number<double>(), 5e8);
}

TEST(ReplayStats, LatencyRunsFromTheIntendedAndFromTheActualSendTime) {
  const json::object found = document(busy(), about());
  const json::object& intended = found.at("latency_from_intended").as_object();
  const json::object& sent = found.at("latency_from_sent").as_object();
  EXPECT_EQ(intended.at("samples"), 100);
  EXPECT_EQ(sent.at("samples"), 100) << "failures have no latency";
  EXPECT_EQ(sent.at("max_ns"), 100'000'000);
  EXPECT_EQ(intended.at("max_ns"), 101'000'000) << "the last one was sent 1 ms late";
  EXPECT_NEAR(sent.at("p50_ns").to_number<double>(), 50e6, 50e6 / 1000);
  EXPECT_NEAR(sent.at("p90_ns").to_number<double>(), 90e6, 90e6 / 1000);
  EXPECT_NEAR(sent.at("p99_ns").to_number<double>(), 99e6, 99e6 / 1000);
  EXPECT_EQ(sent.at("p99.9_ns"), 100'000'000);
}

TEST(ReplayStats, TheScheduleErrorLeavesOutWhatWasNeverSent) {
  const json::object found = document(busy(), about());
  const json::object& error = found.at("schedule_error").as_object();
  EXPECT_EQ(error.at("samples"), 102);
  EXPECT_EQ(error.at("max_ns"), 1'000'000) << "a shed request has no send time";
  EXPECT_EQ(found.at("lagged"), false);
  EXPECT_NEAR(found.at("sending_seconds").to_number<double>(), 2.01, 1e-9);
}

TEST(ReplayStats, MoreThanOnePercentAbove5MillisecondsIsALag) {
  ReplayStats stats;
  for (int i = 0; i < 99; ++i) stats.exchange(exchange(milliseconds(i), milliseconds(0), milliseconds(1), 200));
  stats.exchange(exchange(milliseconds(99), milliseconds(6), milliseconds(1), 200));
  EXPECT_FALSE(stats.lagged());
  EXPECT_THAT(stats.to_text(about()), Not(HasSubstr("INCONCLUSIVE")));
  stats.exchange(exchange(milliseconds(100), milliseconds(6), milliseconds(1), 200));
  EXPECT_TRUE(stats.lagged());
  EXPECT_EQ(document(stats, about()).at("lagged"), true);
  EXPECT_THAT(
      stats.to_text(about()),
      HasSubstr(
          "INCONCLUSIVE     the sender lagged: p99 of the schedule error is 6.00 ms, at most 5.00 ms is allowed ("));
}

TEST(ReplayStats, TheTextSaysEverythingOnce) {
  ReplayTarget target = about();
  target.writes_refused = 7;
  target.not_replayable = 2;
  target.interrupted = true;
  const std::string text = busy().to_text(target);
  EXPECT_THAT(text, HasSubstr("capture          a.traffic\n"));
  EXPECT_THAT(text, HasSubstr("target           http://127.0.0.1:80 at 20x\n"));
  EXPECT_THAT(text, HasSubstr("requests         102 sent in 2.010 s, 100 answered\n"));
  EXPECT_THAT(text, HasSubstr("not sent         7 requests that write; allow them with --allow-writes\n"));
  EXPECT_THAT(text, HasSubstr("not replayable   2 requests, cut short or upgrades\n"));
  EXPECT_THAT(text, HasSubstr("status 200       90\n"));
  EXPECT_THAT(text, HasSubstr("status 503       10\n"));
  EXPECT_THAT(text, HasSubstr("refused          1\n"));
  EXPECT_THAT(text, HasSubstr("shed by the harness 1\n"));
  EXPECT_THAT(text, HasSubstr("max 101 ms  (from the intended send time)\n"));
  EXPECT_THAT(text, HasSubstr("max 100 ms  (from the actual send time)\n"));
  EXPECT_THAT(text, HasSubstr("schedule error   p50 0 ns"));
  EXPECT_THAT(text, HasSubstr("interrupted      not all requests were sent\n"));
}

TEST(ReplayStats, WithoutRequestsEverythingIsZero) {
  const ReplayStats stats;
  EXPECT_TRUE(stats.all_answered());
  EXPECT_FALSE(stats.lagged());
  const json::object found = document(stats, about());
  EXPECT_EQ(found.at("requests"), 0);
  EXPECT_EQ(found.at("sending_seconds"), 0.0);
  EXPECT_EQ(found.at("latency_from_intended").at("max_ns"), 0);
  EXPECT_EQ(found.at("interrupted"), false);
  EXPECT_THAT(stats.to_text(about()), HasSubstr("0 sent in 0.000 s, 0 answered"));
}

// What scripts read: a name that changes here is a change of the contract (docs/replay-json.md).
TEST(ReplayStats, TheDocumentHasTheseMembersInThisOrder) {
  std::vector<std::string> names;
  for (const auto& member : document(busy(), about())) names.emplace_back(member.key());
  EXPECT_THAT(names, testing::ElementsAre("schema", "capture", "target", "pacing", "requests", "sent", "answered",
                                          "writes_refused", "not_replayable", "statuses", "failures", "sending_seconds",
                                          "latency_from_intended", "latency_from_sent", "schedule_error", "lagged",
                                          "interrupted", "links", "fidelity", "warm_up_requests", "connections",
                                          "connections_made", "connections_cut", "notes"));
  std::vector<std::string> quantiles;
  const json::object found = document(busy(), about());
  for (const auto& member : found.at("schedule_error").as_object()) quantiles.emplace_back(member.key());
  EXPECT_THAT(quantiles, testing::ElementsAre("p50_ns", "p90_ns", "p99_ns", "p99.9_ns", "max_ns", "samples"));
}

TEST(ReplayStats, FidelitySaysWhatWasIntendedWhatCameAndWhatWasLacking) {
  ReplayStats stats;
  for (int i = 0; i <= 100; ++i)
    stats.exchange(exchange(milliseconds(10 * i), milliseconds(2 * i), milliseconds(1), 200));
  ReplayTarget target = about();
  target.lacked = {"the hypervisor took 1 s"};
  const json::object found = document(stats, target).at("fidelity").as_object();
  EXPECT_EQ(found.at("verdict"), "inconclusive");
  EXPECT_NEAR(found.at("intended_per_second").to_number<double>(), 100, 0.01);
  EXPECT_NEAR(found.at("sent_per_second").to_number<double>(), 100 / 1.2, 0.01);
  EXPECT_NEAR(found.at("late_share").to_number<double>(), 100.0 / 101, 0.001);
  EXPECT_THAT(stats.to_text(target), HasSubstr("went out late); what the machine lacked: the hypervisor took 1 s\n"));
  EXPECT_THAT(stats.to_text(about()), HasSubstr("the sender itself is too slow"));
  EXPECT_EQ(ReplayStats(milliseconds(300)).lag_max(), milliseconds(300));
}

TEST(ReplayStats, WhatThisMachineCouldNotSendIsADoubt) {
  ReplayStats stats;
  for (int i = 0; i < 1000; ++i) stats.exchange(exchange(milliseconds(i), milliseconds(0), milliseconds(1), 200));
  EXPECT_TRUE(stats.doubts(about()).empty());
  stats.exchange(exchange(milliseconds(1000), milliseconds(0), milliseconds(0), 0, Outcome::shed));
  EXPECT_EQ(stats.doubts(about()).size(), 1u);
}

TEST(ReplayStats, TheWarmUpIsInNoFigure) {
  ReplayStats stats(milliseconds(5), begin + milliseconds(50));
  for (int i = 0; i < 100; ++i)
    stats.exchange(exchange(milliseconds(i), milliseconds(i < 50 ? 90 : 0), milliseconds(1), 200));
  EXPECT_EQ(stats.warm_up(), 50u);
  EXPECT_EQ(stats.requests(), 50u);
  EXPECT_FALSE(stats.lagged());
  EXPECT_THAT(stats.to_text(about()), HasSubstr("warm-up          50 requests before, which are in no figure\n"));
}

TEST(ReplayStats, NamesWithQuotesAreEscaped) {
  ReplayTarget target = about();
  target.capture = "a \"b\"\\\n.traffic";
  EXPECT_EQ(document(ReplayStats(), target).at("capture").as_string(), target.capture);
}

}  // namespace
}  // namespace stormproof::replay
