// A slow generator is never the service's fault; a service that hangs is never excused.
#include "harness/verify/attribution.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "harness/verify/judge.h"
#include "harness/verify/timeline.h"
#include "tests/verify/generator_simulation.h"
#include "tests/verify/hand_log.h"
#include "tests/verify/properties.h"

namespace stormproof::verify {
namespace {

using events::Outcome;
using simulation::Load;
using std::chrono::milliseconds;
using std::chrono::seconds;

std::vector<scenarios::Expectation> expecting(double errors, std::vector<scenarios::LatencyExpectation::Limit> limits) {
  return {{.what = scenarios::ErrorsExpectation{.at_most = errors}, .text = "errors", .line = 1},
          {.what = scenarios::LatencyExpectation{.limits = std::move(limits)}, .text = "latency", .line = 2}};
}

std::string told(const Load& load, const std::vector<Finding>& findings) {
  std::string text = fmt::format("seed {} rate {:.0f} connections {} pauses {} cost {} us\n", load.seed,
                                 load.per_second, load.connections_max, load.pauses.size(), load.cost.count() / 1000);
  for (const Finding& finding : findings) {
    text += fmt::format("{} [{}] {}\n", to_string(finding.verdict), finding.phase, finding.summary);
    for (const Check& check : finding.checks)
      text += fmt::format("   {} {}: {} | {}\n", to_string(check.verdict), check.name, check.measured, check.missing);
  }
  return text;
}

Load random_load(std::uint64_t seed) {
  Dice random(seed);
  Load load;
  load.seed = seed;
  load.per_second = random.in(50, 600);
  load.connections_max = static_cast<std::size_t>(random.in(4, 128));
  const double middle = random.in(1, 30);
  load.service = [middle](Nanoseconds, std::mt19937_64& engine) {
    return std::optional(of_ms(middle * std::uniform_real_distribution<double>(0.5, 1.5)(engine)));
  };
  return load;
}

// From hardly slow to hopeless. The limits lie just above what the service really takes.
TEST(Attribution, ASlowGeneratorIsNeverTheServicesFault) {
  int inconclusive = 0;
  std::string wrong;
  const int runs = property_cases(150);
  for (int seed = 1; seed <= runs; ++seed) {
    Load load = random_load(static_cast<std::uint64_t>(seed));
    Dice random(static_cast<std::uint64_t>(seed) + 7777);
    if (random.chance(0.7)) {
      const double lasting = random.in(3, 400);
      for (double at = random.in(0, 3000); at < 20'000; at += random.in(20, 6000) + lasting)
        load.pauses.push_back({of_ms(at), of_ms(random.in(1, lasting))});
    }
    if (load.pauses.empty() || random.chance(0.3))
      load.cost = of_ms(std::min(0.5, 1e3 / load.per_second * random.in(0.05, 0.8)));  // twice for each request
    const simulation::LoadRun run = simulation::simulate(load);
    const Nanoseconds slowest = std::ranges::max(run.truth.took);
    const auto limits = expecting(0.001, {{.quantile = 0.5, .at_most = slowest},
                                          {.quantile = 0.99, .at_most = slowest},
                                          {.quantile = 0.999, .at_most = slowest}});
    const auto findings = judge(run.log, simulation::scenario_of(load, limits));
    for (const Finding& finding : findings) {
      if (finding.verdict == Verdict::violated) wrong += told(load, findings);
      inconclusive += finding.verdict == Verdict::inconclusive ? 1 : 0;
    }
  }
  EXPECT_EQ(wrong, "");
  EXPECT_GE(inconclusive, runs) << "the cases are too easy";
}

// Answers nothing from some instant on; or hardly anything.
TEST(Attribution, AServiceThatHangsIsNeverExcused) {
  std::string wrong;
  const int runs = property_cases(150);
  for (int seed = 1; seed <= runs; ++seed) {
    Load load = random_load(static_cast<std::uint64_t>(1000 + seed));
    Dice random(static_cast<std::uint64_t>(seed) + 9999);
    const double from = random.chance(0.3) ? 0 : random.in(0, 10'000);
    const double share = random.chance(0.5) ? 1 : random.in(0.5, 1);
    if (random.chance(0.3)) load.timeout = of_ms(random.in(500, 4000));
    load.service = [from, share, well = load.service](Nanoseconds at, std::mt19937_64& engine) {
      const bool hangs = at >= of_ms(from) && std::uniform_real_distribution<double>(0, 1)(engine) < share;
      return hangs ? std::nullopt : well(at, engine);
    };
    const simulation::LoadRun run = simulation::simulate(load);
    const auto limits = expecting(0.05, {{.quantile = 0.9, .at_most = milliseconds(400)}});
    const auto findings = judge(run.log, simulation::scenario_of(load, limits));
    for (const std::size_t at : {2u, 3u}) {
      if (findings[at].verdict != Verdict::violated) wrong += told(load, findings);
    }
  }
  EXPECT_EQ(wrong, "");
}

// Answers nothing for some seconds, then all of it at once.
TEST(Attribution, AStallCountsForThoseWhoWaitedInLine) {
  std::string wrong;
  const int runs = property_cases(100);
  for (int seed = 1; seed <= runs; ++seed) {
    Load load = random_load(static_cast<std::uint64_t>(2000 + seed));
    Dice random(static_cast<std::uint64_t>(seed) + 5555);
    const Nanoseconds from = of_ms(random.in(6000, 10'000));
    const Nanoseconds to = from + of_ms(random.in(4500, 6500));
    load.service = [from, to, well = load.service](Nanoseconds at, std::mt19937_64& engine) {
      const auto usual = well(at, engine);
      return at >= from && at < to ? std::optional(to - at + *usual) : usual;
    };
    const simulation::LoadRun run = simulation::simulate(load);
    // All but the last second of it is long enough to mean something: 23 % of the requests, however few connections.
    const auto limits = expecting(0.05, {{.quantile = 0.85, .at_most = milliseconds(400)}});
    const auto findings = judge(run.log, simulation::scenario_of(load, limits));
    if (findings[3].verdict != Verdict::violated) wrong += told(load, findings);
    if (findings[2].verdict == Verdict::violated) wrong += "errors: " + told(load, findings);
  }
  EXPECT_EQ(wrong, "");
}

// Many slow answers that are in order fill the connections; the quick ones would have been quick.
TEST(Attribution, ALimitOfConnectionsThatIsTooLowIsNotTheServicesFault) {
  Load load;
  load.per_second = 300;
  load.connections_max = 200;
  load.service = [](Nanoseconds, std::mt19937_64& engine) {
    const bool poll = std::uniform_real_distribution<double>(0, 1)(engine) < 0.2;
    return std::optional<Nanoseconds>(poll ? Nanoseconds(seconds(4)) : Nanoseconds(milliseconds(10)));
  };
  const simulation::LoadRun run = simulation::simulate(load);
  const auto limits = expecting(0.001, {{.quantile = 0.5, .at_most = milliseconds(100)}});
  const auto findings = judge(run.log, simulation::scenario_of(load, limits));
  for (const std::size_t at : {2u, 3u}) {
    EXPECT_EQ(findings[at].verdict, Verdict::inconclusive) << told(load, findings);
    EXPECT_THAT(findings[at].summary, testing::HasSubstr("the target held all 200 connections"))
        << told(load, findings);
  }
}

TEST(Attribution, AViolationNamesTheConnectionsThatTheTargetHeld) {
  Load load;
  load.service = [](Nanoseconds at, std::mt19937_64&) {
    return at < seconds(6) ? std::optional<Nanoseconds>(milliseconds(10)) : std::nullopt;
  };
  const simulation::LoadRun run = simulation::simulate(load);
  const auto findings = judge(
      run.log, simulation::scenario_of(load, expecting(0.01, {{.quantile = 0.99, .at_most = milliseconds(100)}})));
  EXPECT_EQ(findings[0].verdict, Verdict::holds) << told(load, findings);
  EXPECT_EQ(findings[2].verdict, Verdict::violated) << told(load, findings);
  EXPECT_THAT(findings[2].summary, testing::HasSubstr("the target held all 64 connections: 2736 were never sent"))
      << told(load, findings);
}

// By hand: what the bounds are.
TEST(Attribution, TheLeastLeavesOutWhatTheHarnessMayHaveAdded) {
  HandLog hand;
  hand.phase(0, 60'000, "steady state");
  hand.request(0, 10);  // a healthy answer
  auto& late = hand.request(100, 300);
  late.start += of_ms(200);  // the generator slept from 100 to 300
  hand.request(90, 215);     // and read this answer when it woke
  const HandScenario plan(60'000);
  const View view(hand.log, plan.scenario);
  const Attribution& attribution = view.attribution();
  const auto& requests = hand.log.exchanges;
  EXPECT_EQ(attribution.patience(), patience_least);
  EXPECT_EQ(attribution.least(requests[0]), of_ms(9));
  EXPECT_EQ(attribution.most(requests[0]), of_ms(10));
  EXPECT_EQ(own_lag(requests[1]), of_ms(200));
  EXPECT_EQ(attribution.least(requests[1]), of_ms(99));
  EXPECT_EQ(attribution.most(requests[1]), of_ms(300));
  EXPECT_EQ(attribution.least(requests[2]), of_ms(14));
  EXPECT_EQ(attribution.most(requests[2]), of_ms(215));
}

TEST(Attribution, TimeInLineCountsWhereTheTargetAnsweredNothingForUnusuallyLong) {
  HandLog hand;
  hand.phase(0, 60'000, "steady state");
  hand.request(0, 4000);  // held the only connection
  auto& second = hand.request(500, 3510);
  second.start += of_ms(3500);
  second.waited = of_ms(3500);
  auto& third = hand.request(3600, 420);
  third.start += of_ms(410);
  third.waited = of_ms(410);
  auto& fourth = hand.request(4000, 10'000);
  fourth.start = fourth.end;
  fourth.waited = of_ms(10'000);
  fourth.outcome = Outcome::held_off;
  const HandScenario plan(60'000);
  {
    const View view(hand.log, plan.scenario);
    const Attribution& attribution = view.attribution();
    EXPECT_EQ(attribution.patience(), of_ms(4000)) << "so long took an answer in healthy times";
    EXPECT_EQ(attribution.least(hand.log.exchanges[1]), of_ms(9)) << "nothing unusual";
    EXPECT_EQ(attribution.most(hand.log.exchanges[1]), of_ms(3510));
  }
  hand.log.mark(ms(100), events::MarkKind::faults_on, "later");
  const View view(hand.log, plan.scenario);
  const Attribution& attribution = view.attribution();
  EXPECT_EQ(attribution.patience(), patience_least);
  EXPECT_EQ(attribution.least(hand.log.exchanges[1]), of_ms(3500));
  EXPECT_EQ(attribution.least(hand.log.exchanges[2]), of_ms(9)) << "the answer of 4000 ms came soon";
  EXPECT_EQ(attribution.fate(hand.log.exchanges[3]), Fate::unknown) << "the target answered something after 4000 ms";
  hand.log.exchanges[3].intended = ms(4030);
  hand.log.exchanges[3].waited = of_ms(9970);
  const View again(hand.log, plan.scenario);
  EXPECT_EQ(again.attribution().fate(hand.log.exchanges[3]), Fate::failed) << "and then never again";
  EXPECT_EQ(again.attribution().least(hand.log.exchanges[3]), no_answer);
}

}  // namespace
}  // namespace stormproof::verify
