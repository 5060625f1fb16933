#include "replay/pacing.h"

#include <gtest/gtest.h>

#include <cmath>

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
  const Arrivals arrivals{at_ms({0, 1, 1, 90}), 3, "f"};
  const SteppedRate stepped{{{10, seconds(1)}, {0, seconds(2)}, {333, seconds(1)}, {7, {}}}};
  for (const PacingOptions& options :
       {PacingOptions(Speed{7}), PacingOptions(ConstantRate{777}), PacingOptions(RampedRate{1, 500, seconds(3)}),
        PacingOptions(stepped), PacingOptions(PoissonRate{1000, 3}), PacingOptions(arrivals)}) {
    const Pacing pacing(at_ms({0, 0, 3, 3, 50}), options);
    for (std::uint64_t n = 1; n < 5000; ++n) ASSERT_LE(pacing.offset(n - 1), pacing.offset(n)) << n;
  }
}

TEST(Pacing, StepsFollowEachOtherAndTheLastOneStays) {
  const Pacing pacing({}, SteppedRate{{{10, seconds(2)}, {100, seconds(1)}, {50, {}}}});
  EXPECT_EQ(pacing.offset(19), milliseconds(1900));
  EXPECT_EQ(pacing.offset(20), seconds(2));
  EXPECT_EQ(pacing.offset(119), milliseconds(2990));
  EXPECT_EQ(pacing.offset(120), seconds(3));
  EXPECT_EQ(pacing.offset(220), seconds(5));
}

TEST(Pacing, AStepOfNothingIsAPause) {
  const Pacing pacing({}, SteppedRate{{{10, seconds(1)}, {0, seconds(5)}, {10, {}}}});
  EXPECT_EQ(pacing.offset(9), milliseconds(900));
  EXPECT_EQ(pacing.offset(10), seconds(6));
  EXPECT_EQ(pacing.offset(11), milliseconds(6100));
}

TEST(Pacing, PoissonHasTheRateAndTheSpreadOfItsName) {
  const Pacing pacing({}, PoissonRate{1000, 42});
  constexpr int count = 100'000;
  double sum = 0, squares = 0;
  std::vector<int> a_second(90);
  base::Nanoseconds before = pacing.offset(0);
  for (std::uint64_t n = 1; n < count; ++n) {
    const base::Nanoseconds offset = pacing.offset(n);
    const double gap = static_cast<double>((offset - before).count()) / 1e6;
    before = offset;
    sum += gap;
    squares += gap * gap;
    const auto second = static_cast<std::size_t>(offset / seconds(1));
    if (second < a_second.size()) ++a_second[second];
  }
  const double mean = sum / count;
  const double deviation = std::sqrt(squares / count - mean * mean);
  EXPECT_NEAR(mean, 1.0, 0.015) << "five standard errors";
  EXPECT_NEAR(deviation, 1.0, 0.03);
  double spread = 0;
  for (const int n : a_second) spread += (n - 1000.0) * (n - 1000.0) / 90;
  EXPECT_NEAR(spread, 1000, 800) << "counts a second vary as much as their mean";
}

TEST(Pacing, PoissonIsAFunctionOfItsSeedHoweverItIsAsked) {
  const Pacing pacing({}, PoissonRate{50, 7});
  const auto ninth = pacing.offset(9);
  const auto third = pacing.offset(3);
  EXPECT_LT(third, ninth);
  EXPECT_EQ(pacing.offset(9), ninth);
  EXPECT_EQ(Pacing({}, PoissonRate{50, 7}).offset(3), third);
  EXPECT_NE(Pacing({}, PoissonRate{50, 8}).offset(3), third);
}

TEST(Pacing, ArrivalsOfATraceTakeTheRequestsInTurn) {
  const Pacing pacing(at_ms({0, 1}), Arrivals{at_ms({10, 40, 100}), 2, "trace.csv"});
  EXPECT_EQ(pacing.loop_size(), 3u);
  EXPECT_EQ(pacing.offset(0), Nanoseconds(0));
  EXPECT_EQ(pacing.offset(1), milliseconds(15));
  EXPECT_EQ(pacing.offset(2), milliseconds(45));
  EXPECT_EQ(pacing.offset(3), Nanoseconds(67'500'000)) << "the mean gap, 45 ms at 2x, later";
}

TEST(Pacing, RampsAndStepsAreReadAsTheyAreSaid) {
  for (const std::string_view text : {"20/s to 200/s over 30s", "0/s to 10/s over 1.5s"})
    EXPECT_EQ(to_string(PacingOptions(*parse_ramp(text))), text);
  for (const std::string_view text : {"100/s for 10s, 0/s for 2s, 200/s", "100/s", "5/s for 1s, 6/s for 2s"})
    EXPECT_EQ(to_string(PacingOptions(*parse_steps(text))), text);
  for (const std::string_view text : {"", "20/s", "20/s to 200/s", "over 3s to 4/s", "20/s to 0/s over 3s",
                                      "20 to 30/s over 3s", "20/s to 200/s over 30"})
    EXPECT_FALSE(parse_ramp(text)) << text;
  for (const std::string_view text : {"", "100", "100/s, 200/s", "100/s for 10s,", "100/s for", "100/s for 1s, 0/s"})
    EXPECT_FALSE(parse_steps(text)) << text;
}

TEST(Pacing, SaysWhatItIs) {
  EXPECT_EQ(to_string(PoissonRate{200, 1}), "poisson 200/s");
  EXPECT_EQ(to_string(Arrivals{{}, 60, "azure.csv"}), "arrivals of azure.csv at 60x");
  EXPECT_EQ(to_string(Speed{20}), "20x");
  EXPECT_EQ(to_string(ConstantRate{500}), "500/s");
  EXPECT_EQ(to_string(RampedRate{20, 200, seconds(30)}), "20/s to 200/s over 30s");
}

}  // namespace
}  // namespace stormproof::replay
