#include "harness/verify/admission.h"

#include <gtest/gtest.h>

#include <random>

#include "tests/verify/hand_log.h"

namespace stormproof::verify {
namespace {

Decisions decisions(const std::vector<std::pair<double, bool>>& at, double took = 1) {
  static std::deque<events::Exchange> requests;
  Decisions all;
  for (const auto& [when, admitted] : at) {
    requests.emplace_back().request = requests.size();
    all.push_back({ms(when), ms(when + took), admitted ? Decision::What::admitted : Decision::What::refused,
                   &requests.back()});
  }
  return all;
}

TEST(Admission, TheBurstIsWhatIsAboveTheRate) {
  const Burst burst = burst_of(decisions({{0, true}, {1, true}, {2, true}, {500, true}, {501, true}}), 10);
  EXPECT_NEAR(burst.low, 3 - 0.03, 1e-9);
  EXPECT_EQ(burst.admitted, 3u);
  EXPECT_EQ(burst.from, ms(0));
  EXPECT_EQ(burst.to, ms(3));
  EXPECT_GE(burst.high, burst.low);
  EXPECT_EQ(burst_of({}, 10).low, 0);
}

// Against the definition, stretch by stretch.
TEST(Admission, TheBurstIsThatOfTheDefinition) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 200; ++round) {
    std::vector<std::pair<double, bool>> at;
    double now = 0;
    for (int i = 0; i < 40; ++i) {
      now += std::exponential_distribution<double>(0.02)(random);
      at.emplace_back(now, random() % 4 != 0);
    }
    const Decisions all = decisions(at, static_cast<double>(random() % 200));
    double most = 0;
    for (const Decision& first : all) {
      for (const Decision& last : all) {
        if (last.end < first.start) continue;
        double inside = 0;
        for (const Decision& one : all) {
          inside += one.what == Decision::What::admitted && one.start >= first.start && one.end <= last.end ? 1 : 0;
        }
        most = std::max(most, inside - 15 * static_cast<double>((last.end - first.start).count()) / 1e9);
      }
    }
    ASSERT_NEAR(burst_of(all, 15).low, most, 1e-6) << round;
  }
}

TEST(Admission, TheRateIsCountedFromReturnToReturn) {
  std::vector<std::pair<double, bool>> at;
  for (int i = 0; i < 300; ++i) at.emplace_back(i * 10, i % 5 == 4);  // 20/s of 100/s
  const Saturation seen = saturation_of(decisions(at), 20, 5);
  EXPECT_EQ(seen.admitted, 58u);
  EXPECT_NEAR(static_cast<double>(seen.least.count()) / 1e9, 2.9, 0.02);
  EXPECT_NEAR(static_cast<double>(seen.most.count()) / 1e9, 2.9, 0.02);
  EXPECT_EQ(seen.run, 1);
}

TEST(Admission, ABucketThatMayBeFullEndsAStretch) {
  std::vector<std::pair<double, bool>> at;
  for (int round = 0; round < 5; ++round) {
    for (int i = 0; i < 50; ++i) at.emplace_back(round * 1500 + i * 10, i % 5 == 0);
  }
  const Saturation seen = saturation_of(decisions(at), 20, 4);
  EXPECT_NEAR(static_cast<double>(seen.admitted) / (static_cast<double>(seen.least.count()) / 1e9), 20, 1.5);
}

TEST(Admission, ABucketTellsWrongRefusals) {
  // Filled for a second, then two at once: both were there.
  const Decisions fair = decisions({{0, true}, {1000, true}, {1001, true}, {1002, false}, {1003, false}});
  EXPECT_TRUE(replay_bucket(fair, 10, 2, ms(0), ms(5000)).wrong.empty());
  const Decisions unfair = decisions({{0, true}, {1000, true}, {1010, false}, {1500, false}});
  const Refusals refusals = replay_bucket(unfair, 10, 2, ms(0), ms(5000));
  EXPECT_EQ(refusals.all, 2u);
  EXPECT_EQ(refusals.wrong.size(), 2u);
  EXPECT_EQ(replay_bucket(unfair, 10, 2, ms(1200), ms(5000)).all, 1u);
}

TEST(Admission, WaitsEndWithTheNextAdmission) {
  const auto waits = waits_of(decisions({{0, false}, {100, false}, {200, true}, {300, false}}));
  ASSERT_EQ(waits.size(), 3u);
  EXPECT_EQ(waits[0].low, of_ms(99));
  EXPECT_EQ(waits[0].high, of_ms(201));
  EXPECT_EQ(waits[1].low, of_ms(0));
  EXPECT_EQ(waits[2].high, Nanoseconds::max());
}

TEST(Admission, CallersAreKeptApart) {
  HandLog hand;
  hand.request(0, 1).key = 3;
  hand.request(1, 1, 429).key = 4;
  hand.request(2, 1, 503).key = 3;
  std::vector<const events::Exchange*> requests;
  for (const auto& request : hand.log.exchanges) requests.push_back(&request);
  EXPECT_EQ(decisions_of(requests, 429, true).size(), 2u);
  const auto all = decisions_of(requests, 429, false);
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0][1].what, Decision::What::refused);
  EXPECT_EQ(all[0][2].what, Decision::What::unknown);
  EXPECT_EQ(decisions_of(requests, 503, false)[0][2].what, Decision::What::refused);
}

}  // namespace
}  // namespace stormproof::verify
