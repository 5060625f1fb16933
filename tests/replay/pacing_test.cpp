#include "replay/pacing.h"

#include <gtest/gtest.h>

namespace stormproof::replay {
namespace {

using base::Nanoseconds;
using base::Time;
using std::chrono::milliseconds;
using std::chrono::seconds;

std::vector<Time> at_ms(std::initializer_list<int> times) {
  std::vector<Time> recorded;
  for (const int ms : times) recorded.push_back(Time(seconds(1'600'000'000)) + milliseconds(ms));
  return recorded;
}

TEST(Pacing, SpeedDividesTheRecordedOffsets) {
  const Pacing pacing(at_ms({0, 100, 500}), Speed{2});
  EXPECT_EQ(pacing.offset(0), Nanoseconds(0));
  EXPECT_EQ(pacing.offset(1), milliseconds(50));
  EXPECT_EQ(pacing.offset(2), milliseconds(250));
}

TEST(Pacing, TheCapturesOf518SecondsAt20xEndsAt25Point9282) {
  std::vector<Time> recorded(101, Time(Nanoseconds(1568139746437296000)));
  recorded.back() = Time(Nanoseconds(1568140265001506000));
  EXPECT_EQ(Pacing(recorded, Speed{20}).offset(100), Nanoseconds(25'928'210'500));
}

TEST(Pacing, ALoopFollowsAfterTheMeanGap) {
  const Pacing pacing(at_ms({0, 100, 500}), Speed{1});
  EXPECT_EQ(pacing.offset(3), milliseconds(750));
  EXPECT_EQ(pacing.offset(4), milliseconds(850));
  EXPECT_EQ(pacing.offset(6), milliseconds(1500));
}

TEST(Pacing, OneRequestIsRepeatedOnceASecond) {
  const Pacing pacing(at_ms({5}), Speed{1});
  EXPECT_EQ(pacing.offset(0), Nanoseconds(0));
  EXPECT_EQ(pacing.offset(3), seconds(3));
}

TEST(Pacing, AConstantRateDoesNotDriftInTenMillionRequests) {
  const Pacing pacing({}, ConstantRate{300});
  EXPECT_EQ(pacing.offset(1), Nanoseconds(3'333'333));
  EXPECT_EQ(pacing.offset(3), milliseconds(10));
  EXPECT_EQ(pacing.offset(30'000'000), seconds(100'000));
}

TEST(Pacing, ARampSendsTheIntegralOfItsRateAndThenKeepsItsEnd) {
  const Pacing pacing({}, RampedRate{10, 30, seconds(10)});  // 200 requests in the ramp
  EXPECT_EQ(pacing.offset(0), Nanoseconds(0));
  EXPECT_EQ(pacing.offset(75), seconds(5));  // 10·5 + 2·25/2
  EXPECT_EQ(pacing.offset(200), seconds(10));
  EXPECT_EQ(pacing.offset(230), seconds(11));
}

TEST(Pacing, ARampMayStartFromNothingGoDownOrStayLevel) {
  EXPECT_EQ(Pacing({}, RampedRate{0, 20, seconds(10)}).offset(25), seconds(5));
  EXPECT_EQ(Pacing({}, RampedRate{30, 10, seconds(10)}).offset(125), seconds(5));
  EXPECT_EQ(Pacing({}, RampedRate{20, 20, seconds(10)}).offset(100), seconds(5));
  EXPECT_EQ(Pacing({}, RampedRate{20, 20, seconds(0)}).offset(100), seconds(5));
}

TEST(Pacing, OffsetsNeverDecrease) {
  for (const PacingOptions& options :
       {PacingOptions(Speed{7}), PacingOptions(ConstantRate{777}), PacingOptions(RampedRate{1, 500, seconds(3)})}) {
    const Pacing pacing(at_ms({0, 0, 3, 3, 50}), options);
    for (std::uint64_t n = 1; n < 5000; ++n) ASSERT_LE(pacing.offset(n - 1), pacing.offset(n)) << n;
  }
}

TEST(Pacing, SaysWhatItIs) {
  EXPECT_EQ(to_string(Speed{20}), "20x");
  EXPECT_EQ(to_string(ConstantRate{500}), "500/s");
  EXPECT_EQ(to_string(RampedRate{20, 200, seconds(30)}), "20/s to 200/s over 30s");
}

}  // namespace
}  // namespace stormproof::replay
