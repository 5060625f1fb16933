// Property tests over probes of simulated limiters: which algorithm it is, or that it cannot be told; never a wrong one.
#include "harness/verify/limiter_class.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/verify/probe_simulation.h"
#include "tests/verify/properties.h"

namespace stormproof::verify {
namespace {

using std::chrono::milliseconds;
using support::LimiterFault;
using support::LimiterKind;

LimiterClass class_of(LimiterKind kind) {
  switch (kind) {
    case LimiterKind::token_bucket: return LimiterClass::token_bucket;
    case LimiterKind::leaky_queue: return LimiterClass::leaky_queue;
    case LimiterKind::fixed_window:
    case LimiterKind::anchored_window: return LimiterClass::fixed_window;
    case LimiterKind::sliding_log: return LimiterClass::sliding_log;
    case LimiterKind::anchored_counter:
    case LimiterKind::sliding_counter: return LimiterClass::sliding_counter;
    case LimiterKind::penalised_log:
    case LimiterKind::penalised_counter: return LimiterClass::penalised;
    case LimiterKind::concurrency: break;
  }
  return LimiterClass::concurrency;
}

simulation::ProbeRun drawn(LimiterKind kind, int seed) {
  Dice dice(seed * 10 + static_cast<int>(kind));
  simulation::ProbeRun run;
  run.seed = static_cast<std::uint64_t>(seed);
  support::LimiterSettings& limiter = run.limiter;
  limiter.kind = kind;
  limiter.seed = run.seed;
  limiter.rate = dice.in(5, 100);
  limiter.burst = dice.whole(2, 40);
  limiter.quota = dice.whole(3, 60);
  limiter.window = milliseconds(dice.one_of({500, 1000, 2000, 10'000, 60'000}));
  limiter.phase = milliseconds(dice.whole(0, 5000));
  run.latency_ms = dice.in(0.5, 20);
  if (kind == LimiterKind::concurrency) {
    limiter.quota = dice.whole(2, 10);
    run.latency_ms = dice.in(20, 200);
    run.claim = {.rate_per_second = 20, .burst = 20};
  } else {
    run.claim = simulation::promised(limiter);
  }
  return run;
}

Classification classified(const simulation::ProbeRun& run) {
  const events::Log log = simulation::simulate(run);
  std::vector<const events::Exchange*> requests;
  for (const events::Exchange& request : log.exchanges) requests.push_back(&request);
  const auto decisions = decisions_of(requests, 429, false);
  return classify(decisions.front(), {.per_second = run.claim.rate_per_second,
                                      .at_once = static_cast<double>(run.claim.burst.value_or(0)),
                                      .window = scenarios::refill_time(run.claim),
                                      .rested = true});
}

class EachKind : public testing::TestWithParam<int> {};

TEST_P(EachKind, IsToldOrNotAtAll) {
  const auto kind = static_cast<LimiterKind>(GetParam());
  const int runs = property_cases(6);
  int told = 0;
  std::string last;
  for (int seed = 1; seed <= runs; ++seed) {
    const Classification found = classified(drawn(kind, seed));
    if (found.what) EXPECT_EQ(name_of(*found.what), name_of(class_of(kind))) << seed << ' ' << found.evidence;
    else EXPECT_FALSE(found.missing.empty()) << seed;
    told += found.what == class_of(kind) ? 1 : 0;
    if (!found.what) last = found.missing;
  }
  EXPECT_GE(told * 2, runs) << last;
}

TEST_P(EachKind, IsNotMistakenWhereItIsDefective) {
  const auto kind = static_cast<LimiterKind>(GetParam());
  const int runs = property_cases(2);
  for (const LimiterFault fault : {LimiterFault::drops_some, LimiterFault::per_instance}) {
    for (int seed = 101; seed < 101 + runs; ++seed) {
      simulation::ProbeRun run = drawn(kind, seed);
      run.limiter.fault = fault;
      const Classification found = classified(run);
      if (found.what) EXPECT_EQ(name_of(*found.what), name_of(class_of(kind))) << seed << ' ' << found.evidence;
    }
  }
}

std::string kind_name(const testing::TestParamInfo<int>& info) {
  std::string name(support::to_string(static_cast<LimiterKind>(info.param)));
  std::ranges::replace(name, ' ', '_');
  return name;
}
INSTANTIATE_TEST_SUITE_P(LimiterClass, EachKind, testing::Range(0, static_cast<int>(support::last_limiter_kind) + 1),
                         kind_name);

TEST(LimiterClass, ALimitThatWasNotReachedHasNone) {
  simulation::ProbeRun run = drawn(LimiterKind::token_bucket, 1);
  run.limiter.fault = LimiterFault::unlimited;
  const Classification found = classified(run);
  EXPECT_FALSE(found.what);
  EXPECT_THAT(found.missing, testing::HasSubstr("too few to tell how it counts"));
  EXPECT_FALSE(classify({}, {}).what);
}

TEST(LimiterClass, SaysWhatItSaw) {
  simulation::ProbeRun run;
  run.limiter = {.kind = LimiterKind::token_bucket, .rate = 20, .burst = 10};
  run.claim = simulation::promised(run.limiter);
  const Classification found = classified(run);
  ASSERT_EQ(found.what, LimiterClass::token_bucket) << found.missing;
  EXPECT_THAT(found.evidence, testing::HasSubstr("a token bucket (or GCRA) of 20/s and 10 at once explains"));
  EXPECT_THAT(found.evidence, testing::HasSubstr("only"));
}

// A full queue has so many under way as a limit of concurrency would; who waits longer and longer tells.
TEST(LimiterClass, AQueueOfUnknownLengthIsNoConcurrency) {
  const int runs = property_cases(10);
  int told = 0;
  for (int seed = 1; seed <= runs; ++seed) {
    simulation::ProbeRun run = drawn(LimiterKind::leaky_queue, seed);
    run.claim.burst.reset();
    const Classification found = classified(run);
    if (found.what) EXPECT_EQ(name_of(*found.what), "leaky-queue") << seed << ' ' << found.evidence;
    told += found.what ? 1 : 0;
  }
  EXPECT_GE(told * 2, runs);
}

// With one at once, a bucket, a log and a window decide alike.
TEST(LimiterClass, WhatIsTheSameIsNotToldApart) {
  simulation::ProbeRun run;
  run.limiter = {.kind = LimiterKind::token_bucket, .rate = 4, .burst = 1};
  run.claim = simulation::promised(run.limiter);
  const Classification found = classified(run);
  EXPECT_FALSE(found.what);
  EXPECT_THAT(found.missing, testing::HasSubstr("do not tell them apart"));
}

}  // namespace
}  // namespace stormproof::verify
