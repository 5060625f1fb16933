#include "tests/accuracy/matrix.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stormproof::accuracy {
namespace {

using ::testing::HasSubstr;
using verify::Verdict;

TEST(Matrix, AWrongHoldsIsNeverGood) {
  Matrix matrix;
  for (int run = 0; run < 1000; ++run) matrix.count({"leaks", "clean"}, Due::violated, Verdict::violated);
  EXPECT_TRUE(matrix.good());
  matrix.count({"leaks", "clean"}, Due::violated, Verdict::holds, "seed 7");
  EXPECT_FALSE(matrix.good());
  EXPECT_EQ(matrix.wrong_holds(), 1u);
  EXPECT_THAT(matrix.verdict_table(), HasSubstr("| leaks | **1 H**, 1000 V |"));
  EXPECT_THAT(matrix.examples(), ::testing::ElementsAre(HasSubstr("leaks, clean: it said HOLDS\nseed 7")));
}

TEST(Matrix, AStarvedRunIsNeverToHold) {
  Matrix matrix;
  matrix.count({"breaker", "starved"}, Due::inconclusive, Verdict::holds);
  EXPECT_EQ(matrix.wrong_holds(), 1u);
  EXPECT_FALSE(matrix.good());
}

TEST(Matrix, OneWrongViolatedInAHundredInnocentRunsIsAllowed) {
  Matrix matrix;
  for (int run = 0; run < 99; ++run) matrix.count({"breaker", "clean"}, Due::holds, Verdict::holds);
  for (int run = 0; run < 900; ++run) matrix.count({"leaks", "clean"}, Due::violated, Verdict::violated);
  matrix.count({"breaker", "clean"}, Due::holds, Verdict::violated);
  EXPECT_TRUE(matrix.good());
  EXPECT_THAT(matrix.summary(), HasSubstr("0 wrong HOLDS, 1 wrong VIOLATED of 100 (1 %)"));
  matrix.count({"breaker", "noisy"}, Due::inconclusive, Verdict::violated);
  EXPECT_FALSE(matrix.good());
}

TEST(Matrix, AMissIsNoWrongVerdictButIsSaid) {
  Matrix matrix;
  matrix.count({"leaks", "clean"}, Due::violated, Verdict::inconclusive);
  EXPECT_TRUE(matrix.good());
  EXPECT_THAT(matrix.summary(), HasSubstr("1 inconclusive where a verdict was due, in 1 runs"));
}

TEST(Matrix, AStarvedDefectMayBeProvenButMustNotHold) {
  Matrix matrix;
  matrix.count({"no limit", "starved"}, Due::no_holds, Verdict::violated);
  matrix.count({"no limit", "starved"}, Due::no_holds, Verdict::inconclusive);
  EXPECT_TRUE(matrix.good());
  EXPECT_EQ(matrix.cells().begin()->second.right(), 2u);
  matrix.count({"no limit", "starved"}, Due::no_holds, Verdict::holds);
  EXPECT_EQ(matrix.wrong_holds(), 1u);
}

TEST(Matrix, AnEmptyOneIsNotGood) { EXPECT_FALSE(Matrix().good()); }

TEST(Matrix, EstimatesAreHeldAgainstTheTruthAndAgainstTheory) {
  Matrix matrix;
  matrix.measure("rate", "clean", {"rate", 19, 21}, 20, 0.9, 0.1);
  matrix.measure("rate", "clean", {"rate", 19, 21}, 22, 0.9, 0.1);
  EXPECT_THAT(matrix.precision_table(), HasSubstr("| rate | clean | 2 | 50 % | 2 | 1 | 2.00 |"));
}

TEST(Matrix, RunsThatShowNothingAreSaid) {
  Matrix matrix;
  matrix.leave_out({"leaks", "clean"});
  matrix.count({"leaks", "clean"}, Due::violated, Verdict::violated);
  EXPECT_THAT(matrix.verdict_table(), HasSubstr("| leaks | 1 V | 1 |"));
}

}  // namespace
}  // namespace stormproof::accuracy
