#include "harness/verify/judged_difference.h"

#include <gtest/gtest.h>

namespace stormproof::verify {
namespace {

class JudgedDifferenceTest : public testing::Test {
 protected:
  // `b` requests in which only the candidate differs, `c` in which only the second baseline does, `both`, of `n`.
  void add(std::uint64_t b, std::uint64_t c, std::uint64_t both, std::uint64_t n) {
    for (std::uint64_t i = 0; i < n; ++i) {
      const bool candidate = i < b || (i >= b + c && i < b + c + both);
      const bool second = i >= b && i < b + c + both;
      const auto second_answer = body(second);
      comparison_.add({i + 1, 0, "GET", "/a"}, body(false), &second_answer, body(candidate));
    }
  }
  static replay::Answer body(bool other) {
    replay::Answer answer;
    answer.outcome = events::Outcome::answered;
    answer.status = 200;
    answer.head = "HTTP/1.1 200 OK\r\n\r\n";
    answer.body = other ? "[2]" : "[1]";
    answer.body_bytes = answer.body.size();
    return answer;
  }
  JudgedDifference only(double margin = 0) {
    const auto all = judge_differences(comparison_, 0.01, margin);
    EXPECT_EQ(all.size(), 1U);
    return all.front();
  }
  replay::DifferenceRules rules_;
  replay::Comparison comparison_{rules_};
};

TEST_F(JudgedDifferenceTest, AlwaysAndNeverNoiseIsReal) {
  add(50, 0, 0, 50);
  EXPECT_EQ(only().cause, Cause::real);
}

TEST_F(JudgedDifferenceTest, WhatDiffyHides) {
  add(600, 400, 0, 1000);
  EXPECT_EQ(only().cause, Cause::real);
}

TEST_F(JudgedDifferenceTest, AsOftenAsTheNoiseIsNoise) {
  add(30, 28, 100, 200);
  EXPECT_EQ(only().cause, Cause::noise);
}

TEST_F(JudgedDifferenceTest, OnceInThreeThousandIsNotCalledReal) {
  add(1, 0, 0, 3000);
  const auto judged = only();
  EXPECT_EQ(judged.cause, Cause::undecided);
  ASSERT_TRUE(judged.requests_needed.has_value());
  EXPECT_GT(*judged.requests_needed, 6 * 3000U);
  // Sent again without showing, and rare enough, it may stay unexplained.
  comparison_.differences().begin()->second.repeats = {4, 0, 0};
  EXPECT_EQ(only(0.005).cause, Cause::noise);
  EXPECT_EQ(only(0.0001).cause, Cause::undecided);
}

TEST_F(JudgedDifferenceTest, RepeatsNeededGrowWithTheirNumber) {
  EXPECT_EQ(repeats_for(comparison_, 1, 0.01), 10U);  // 2^-10 <= 0.2 * 0.01 / 2
  EXPECT_GT(repeats_for(comparison_, 50, 0.01), repeats_for(comparison_, 1, 0.01));
}

}  // namespace
}  // namespace stormproof::verify
