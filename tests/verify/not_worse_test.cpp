// The candidate beside its baseline: on logs that are simulated, with planted regressions, their correct twins, and starved ones.
#include "harness/verify/not_worse.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/verify/judge.h"
#include "harness/verify/statistics.h"
#include "replay/difference.h"
#include "tests/verify/hand_log.h"
#include "tests/verify/paired_draws.h"

namespace stormproof::verify {
namespace {

using testing::HasSubstr;

// A phase in which all versions were sent the same requests.
struct Both {
  std::uint64_t requests = 2000;
  double slower = 1;                    // the candidate
  std::uint64_t other_status_each = 0;  // of so many requests, one fails at the candidate
  bool renamed = false;                 // a field of its answers
  bool second = true;                   // there is a second baseline
  double flake = 0.002;                 // of requests that fail by themselves, at any version
  double nonce = 0.5;                   // of answers in which a place differs at any two versions
  std::uint64_t held_off = 0;           // requests that the candidate's connections had no room for
  std::uint64_t not_compared = 0;       // answers
  std::uint64_t faults = 0;             // that acted on the candidate's calls
  std::uint64_t faults_beside = 0;
};

class NotWorseTest : public testing::Test {
 protected:
  static constexpr std::string_view phase_name = "ledger slow";

  void simulate(const Both& both, std::uint64_t seed = 1) {
    log_ = {};
    log_.mark(ms(0), events::MarkKind::phase_begin, "steady state");
    log_.mark(ms(1), events::MarkKind::phase_end, "steady state");
    log_.mark(ms(1), events::MarkKind::phase_begin, phase_name);
    for (std::uint64_t i = 0; i < both.requests; ++i) request(both, seed, i);
    for (std::uint64_t i = 0; i < both.faults; ++i) fault("payments", i);
    for (std::uint64_t i = 0; i < both.faults_beside; ++i) fault("payments (baseline)", i);
    const double end = 2 + 10 * static_cast<double>(both.requests);
    if (both.faults + both.faults_beside > 0) {
      log_.mark(ms(1), events::MarkKind::faults_on, phase_name);
      log_.mark(ms(end), events::MarkKind::faults_off, phase_name);
    }
    log_.mark(ms(end), events::MarkKind::phase_end, phase_name);
    scenario_ = HandScenario(1).scenario;
    scenario_.phases.push_back(HandScenario::phase_of(std::string(phase_name), end - 1));
    if (both.faults + both.faults_beside > 0)
      scenario_.phases.back().faults.push_back(HandScenario::fault("ledger slow#1"));
  }

  void request(const Both& both, std::uint64_t seed, std::uint64_t i) {
    const auto exchange = [&](std::string_view party) -> events::Exchange& {
      const bool candidate = party == candidate_party;
      events::Exchange one;
      one.party = log_.names.id_of(party);
      one.route = log_.names.id_of("GET /orders/{id}");
      one.request = i + 1;
      one.intended = one.start = ms(2 + 10 * static_cast<double>(i));
      const double took =
          5 * std::exp(0.8 * normal(seed, "request", i) + 0.2 * normal(seed, party, i)) * (candidate ? both.slower : 1);
      one.end = one.start + of_ms(took);
      one.status = 200;
      if (candidate && both.other_status_each > 0 && i % both.other_status_each == 7) one.status = 500;
      if (base::draw_unit(seed, std::string(party) + "/flake", i) < both.flake) one.status = 503;
      if (candidate && i < both.held_off) one.outcome = events::Outcome::held_off;
      return log_.exchanges.emplace_back(one);
    };
    const int baseline = exchange(baseline_party).status;
    const int candidate = exchange(candidate_party).status;
    const int second = both.second ? exchange(second_baseline_party).status : 0;
    if (i < both.not_compared) return;
    compared(both, seed, i, candidate_party, candidate, baseline);
    if (both.second) compared(both, seed, i, second_baseline_party, second, baseline);
  }

  void compared(const Both& both, std::uint64_t seed, std::uint64_t i, std::string_view party, int status,
                int baseline) {
    events::AnswerDifference one{.request = i + 1, .party = log_.names.id_of(party)};
    const auto differ = [&](std::string_view path, replay::Change change, std::string_view detail = "") {
      one.path = log_.names.id_of(path);
      one.change = static_cast<std::uint8_t>(change);
      one.detail = log_.names.id_of(detail);
      log_.differences.push_back(one);
    };
    const std::size_t before = log_.differences.size();
    if (status != baseline) {
      differ(fmt::format("status:{}", status), replay::Change::value);
    } else {
      if (base::draw_unit(seed, std::string(party) + "/nonce", i) < both.nonce)
        differ("$.nonce", replay::Change::value);
      if (party == candidate_party && both.renamed) {
        differ("$.name", replay::Change::missing, "$.name: \"shoe\" became nothing");
        differ("$.title", replay::Change::added);
      }
    }
    if (log_.differences.size() == before) log_.differences.push_back(one);
  }

  void fault(std::string_view party, std::uint64_t i) {
    log_.faults.push_back({.at = ms(3 + static_cast<double>(i)),
                           .rule = log_.names.id_of("ledger slow#1"),
                           .party = log_.names.id_of(party),
                           .request = i + 1});
  }

  template <typename What>
  Finding judged(What what, bool of_the_run = false) {
    scenarios::Expectation expectation;
    expectation.what = what;
    (of_the_run ? scenario_.expect : scenario_.phases.front().expect) = {expectation};
    std::vector<Finding> findings = judge(log_, scenario_);
    EXPECT_EQ(findings.size(), 1u);
    return findings.front();
  }
  static const Check& check(const Finding& finding, std::string_view name) {
    return *std::ranges::find(finding.checks, name, &Check::name);
  }

  static constexpr scenarios::NotWorseExpectation no_worse{.latency = 0.02, .errors = 0.01};
  static constexpr scenarios::DifferencesExpectation the_same{};
  events::Log log_;
  scenarios::Scenario scenario_;
};

TEST_F(NotWorseTest, AVersionBesideItselfIsNotAccused) {
  constexpr std::uint64_t runs = 50;
  std::uint64_t worse = 0;
  std::uint64_t other = 0;
  std::uint64_t held = 0;
  for (std::uint64_t seed = 1; seed <= runs; ++seed) {
    simulate({.requests = 1200}, seed);
    const Finding finding = judged(no_worse);
    worse += finding.verdict == Verdict::violated ? 1 : 0;
    held += finding.verdict == Verdict::holds ? 1 : 0;
    other += judged(the_same).verdict == Verdict::violated ? 1 : 0;
  }
  EXPECT_LE(share_lower(worse, runs, 0.99), run_false_alarms) << worse;
  EXPECT_LE(share_lower(other, runs, 0.99), run_false_alarms) << other;
  EXPECT_GE(held, runs / 2);
}

TEST_F(NotWorseTest, FivePercentSlowerIsFound) {
  int found = 0;
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    simulate({.slower = 1.05}, seed);
    const Finding finding = judged(no_worse);
    found += check(finding, "latency").verdict == Verdict::violated ? 1 : 0;
    EXPECT_NE(check(finding, "errors").verdict, Verdict::violated);
    if (finding.verdict == Verdict::violated) {
      EXPECT_FALSE(finding.exchanges.empty()) << "the requests that show it";
      EXPECT_THAT(finding.summary, HasSubstr("worse than the baseline"));
    }
  }
  EXPECT_GE(found, 9);
}

TEST_F(NotWorseTest, TenPercentSlowerIsFoundWithoutASecondBaseline) {
  simulate({.slower = 1.1, .second = false});
  EXPECT_EQ(judged(no_worse).verdict, Verdict::violated);
  simulate({.second = false});
  EXPECT_EQ(judged(no_worse).verdict, Verdict::holds);
}

TEST_F(NotWorseTest, MoreFailuresThanTheMarginAreFound) {
  simulate({.other_status_each = 25});
  EXPECT_EQ(check(judged(no_worse), "errors").verdict, Verdict::violated);
}

TEST_F(NotWorseTest, ATailThatIsSlowerIsFound) {
  simulate({.slower = 1.5});
  const Finding finding = judged(scenarios::NotWorseExpectation{.p99 = 0.1});
  EXPECT_EQ(check(finding, "p99").verdict, Verdict::violated);
}

TEST_F(NotWorseTest, OneStatusInTwoHundredAndARenamedFieldAreFound) {
  simulate({.other_status_each = 200});
  const Finding status = judged(the_same);
  EXPECT_EQ(status.verdict, Verdict::violated);
  EXPECT_EQ(check(status, "GET /orders/{id} status:500 changed").verdict, Verdict::violated);

  simulate({.renamed = true});
  const Finding renamed = judged(the_same);
  EXPECT_EQ(renamed.verdict, Verdict::violated);
  const Check& name = check(renamed, "GET /orders/{id} $.name missing");
  EXPECT_EQ(name.verdict, Verdict::violated);
  EXPECT_THAT(name.measured, HasSubstr("between the baselines in 0; $.name: \"shoe\" became nothing"));
  EXPECT_EQ(check(renamed, "GET /orders/{id} $.title added").verdict, Verdict::violated);
  for (const Check& one : renamed.checks) EXPECT_FALSE(one.name.contains("nonce")) << "that is noise";
}

TEST_F(NotWorseTest, WithoutASecondBaselineADifferenceIsInconclusiveAndSaysWhatIsMissing) {
  simulate({.renamed = true, .second = false});
  const Finding finding = judged(the_same);
  EXPECT_EQ(finding.verdict, Verdict::inconclusive);
  EXPECT_THAT(finding.summary, HasSubstr("second baseline"));
  simulate({.second = false, .flake = 0, .nonce = 0});
  EXPECT_EQ(judged(the_same).verdict, Verdict::holds) << "none was seen, in enough requests";
}

// What was seen once, and cannot be asked again, is within the share that may differ, or it is open.
TEST_F(NotWorseTest, ARareDifferenceIsWithinTheShareOrOpen) {
  simulate({.requests = 2000, .other_status_each = 1500, .flake = 0, .nonce = 0});
  EXPECT_EQ(judged(the_same).verdict, Verdict::holds);
  EXPECT_EQ(judged(scenarios::DifferencesExpectation{0.001}).verdict, Verdict::inconclusive);
  simulate({.requests = 800, .other_status_each = 200, .flake = 0, .nonce = 0});
  const Finding open = judged(the_same);
  EXPECT_EQ(open.verdict, Verdict::inconclusive);
  EXPECT_THAT(check(open, "GET /orders/{id} status:500 changed").missing, HasSubstr("requests of this route would"));
}

TEST_F(NotWorseTest, ThinTrafficIsInconclusiveAndSaysHowMuchWouldDo) {
  simulate({.requests = 60, .flake = 0, .nonce = 0});
  const Finding finding = judged(no_worse);
  EXPECT_EQ(finding.verdict, Verdict::inconclusive);
  EXPECT_THAT(check(finding, "errors").missing, HasSubstr("about 30"));
  EXPECT_THAT(check(finding, "latency").missing, HasSubstr("requests would decide"));
  const Finding same = judged(the_same);
  EXPECT_EQ(same.verdict, Verdict::inconclusive) << "no difference in 60 requests excludes little";
  EXPECT_THAT(same.summary, HasSubstr("about 598 requests would decide"));
}

TEST_F(NotWorseTest, NoRequestIsNoVerdict) {
  simulate({.requests = 0});
  EXPECT_EQ(judged(no_worse).verdict, Verdict::inconclusive);
  EXPECT_EQ(judged(the_same).verdict, Verdict::inconclusive);
}

TEST_F(NotWorseTest, WithoutABaselineThereIsNoVerdict) {
  simulate({});
  std::erase_if(log_.exchanges,
                [&](const events::Exchange& one) { return log_.names.name_of(one.party) != candidate_party; });
  const Finding finding = judged(no_worse);
  EXPECT_EQ(finding.verdict, Verdict::inconclusive);
  EXPECT_THAT(finding.summary, HasSubstr("the run has no baseline"));
}

// A candidate that holds every connection gets less than the baseline: it is not proved to be as good.
TEST_F(NotWorseTest, WhatWentToOneOnlyWithholdsHolds) {
  simulate({.held_off = 5});
  EXPECT_EQ(judged(no_worse).verdict, Verdict::inconclusive);
  simulate({.slower = 1.3, .held_off = 5});
  EXPECT_EQ(judged(no_worse).verdict, Verdict::violated);
}

TEST_F(NotWorseTest, AnswersThatWereNotComparedWithholdHolds) {
  simulate({.flake = 0, .not_compared = 100});
  const Finding finding = judged(the_same);
  EXPECT_EQ(finding.verdict, Verdict::inconclusive);
  EXPECT_THAT(finding.summary, HasSubstr("100 requests were not compared"));
}

// Faults that one version alone felt make the two unlike, whatever came of it.
TEST_F(NotWorseTest, FaultsOfOneSideAloneAreNoExperiment) {
  simulate({.other_status_each = 10, .faults = 300, .faults_beside = 0});
  const Finding finding = judged(no_worse);
  EXPECT_EQ(finding.verdict, Verdict::inconclusive);
  EXPECT_THAT(finding.summary, HasSubstr("acted 300 times on calls of the candidate and 0 times on the baseline's"));
  simulate({.other_status_each = 10, .faults = 300, .faults_beside = 290});
  EXPECT_EQ(judged(no_worse).verdict, Verdict::violated);
}

TEST_F(NotWorseTest, TheWholeRunIsJudgedAsOne) {
  simulate({.slower = 1.2});
  const Finding finding = judged(no_worse, true);
  EXPECT_EQ(finding.phase, whole_run_name);
  EXPECT_EQ(finding.verdict, Verdict::violated);
  simulate({});
  EXPECT_EQ(judged(no_worse, true).verdict, Verdict::holds);
  log_.mark(ms(5), events::MarkKind::aborted, "interrupted");
  std::erase_if(log_.marks, [&](const events::Mark& mark) { return mark.kind == events::MarkKind::phase_end; });
  EXPECT_NE(judged(no_worse, true).verdict, Verdict::holds) << "a part of it";
}

// The order of events in the log, and of names in its table, says nothing.
TEST_F(NotWorseTest, EqualLogsGiveEqualFindings) {
  simulate({.requests = 800, .other_status_each = 40, .renamed = true});
  const Finding finding = judged(the_same);
  std::ranges::reverse(log_.exchanges);
  std::ranges::reverse(log_.differences);
  EXPECT_EQ(judged(the_same), finding);
  const auto again = events::decode(events::encode(log_));
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(judge(*again, scenario_).front(), finding);
}

}  // namespace
}  // namespace stormproof::verify
