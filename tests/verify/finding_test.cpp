#include "harness/verify/finding.h"

#include <gtest/gtest.h>

namespace stormproof::verify {
namespace {

TEST(Finding, VerdictsHaveNames) {
  EXPECT_EQ(to_string(Verdict::holds), "HOLDS");
  EXPECT_EQ(to_string(Verdict::violated), "VIOLATED");
  EXPECT_EQ(to_string(Verdict::inconclusive), "INCONCLUSIVE");
}

TEST(Finding, WorstIsViolatedThenInconclusive) {
  EXPECT_EQ(worst({}), Verdict::inconclusive);
  EXPECT_EQ(worst({Verdict::holds, Verdict::holds}), Verdict::holds);
  EXPECT_EQ(worst({Verdict::holds, Verdict::inconclusive}), Verdict::inconclusive);
  EXPECT_EQ(worst({Verdict::inconclusive, Verdict::violated, Verdict::holds}), Verdict::violated);
}

}  // namespace
}  // namespace stormproof::verify
