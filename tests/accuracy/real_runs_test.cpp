#include "tests/accuracy/real_runs.h"

#include <gtest/gtest.h>

namespace stormproof::accuracy {
namespace {

constexpr const char* document = R"({"ended_because": "completed", "findings": [
  {"expectation": "errors", "verdict": "VIOLATED", "summary": "x", "checks": []},
  {"expectation": "circuit-breaker on payments", "verdict": "HOLDS", "summary": "one", "checks": [
    {"estimate": null}, {"estimate": {"of": "sleep window", "low": 0.98, "high": 1.01}}]},
  {"expectation": "circuit-breaker on payments", "verdict": "INCONCLUSIVE", "summary": "two", "checks": []}]})";

TEST(RealRuns, TheWorstOfTheFindingsThatCount) {
  const auto said = said_of(document, "circuit-breaker on payments", "sleep window");
  ASSERT_TRUE(said.has_value()) << said.error().to_string();
  EXPECT_EQ(said->verdict, verify::Verdict::inconclusive);
  EXPECT_EQ(said->summaries, "one | two");
  EXPECT_EQ(said->estimate, (verify::Estimate{"sleep window", 0.98, 1.01}));
}

TEST(RealRuns, WhatWasNotJudgedIsNoVerdict) {
  EXPECT_FALSE(said_of(document, "rate-limit", "").has_value());
  EXPECT_FALSE(said_of("{}", "rate-limit", "").has_value());
  EXPECT_FALSE(said_of("nothing", "rate-limit", "").has_value());
}

}  // namespace
}  // namespace stormproof::accuracy
