#include "harness/run/answer_comparison.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>

namespace stormproof::run {
namespace {

constexpr std::string_view head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n";

class AnswerComparisonTest : public testing::Test {
 protected:
  void answer(std::size_t party, std::uint64_t request, std::string body,
              events::Outcome outcome = events::Outcome::answered) {
    replay::Shot shot;
    shot.request = request;
    shot.method = "GET";
    shot.target = "/orders/7";
    events::Exchange event;
    event.request = request;
    event.outcome = outcome;
    replay::Answer one;
    one.outcome = outcome;
    one.status = outcome == events::Outcome::answered ? 200 : 0;
    one.head = head;
    one.body_bytes = body.size();
    one.body = std::move(body);
    comparison_.taker(party).take(shot, event, std::move(one));
  }
  void all(std::uint64_t request, std::string candidate, std::string baseline, std::string second) {
    answer(1, request, std::move(baseline));
    answer(0, request, std::move(candidate));
    answer(2, request, std::move(second));
  }
  // "party path" of each, with its detail.
  static std::multimap<std::string, std::string> told(const events::Log& log, std::uint64_t request) {
    std::multimap<std::string, std::string> all;
    for (const events::AnswerDifference& one : log.differences) {
      if (one.request == request)
        all.emplace(fmt::format("{} {}", log.names.name_of(one.party), log.names.name_of(one.path)),
                    log.names.name_of(one.detail));
    }
    return all;
  }

  AnswerComparison comparison_{replay::DifferenceRules(), {"candidate", "baseline", "second-baseline"}};
};

TEST_F(AnswerComparisonTest, DifferencesAreTheCandidatesAndTheNoiseTheSecondBaselines) {
  all(1, R"({"name":"boot","at":1})", R"({"name":"shoe","at":2})", R"({"name":"shoe","at":3})");
  all(2, R"({"name":"shoe"})", R"({"name":"shoe"})", R"({"name":"shoe"})");
  const events::Log log = comparison_.finish();
  using Told = std::multimap<std::string, std::string>;
  EXPECT_EQ(told(log, 1), (Told{{"candidate $.name", "$.name: \"shoe\" became \"boot\""},
                                {"candidate $.at", "$.at: 2 became 1"},
                                {"second-baseline $.at", ""}}));
  EXPECT_EQ(told(log, 2), (Told{{"candidate ", ""}, {"second-baseline ", ""}})) << "compared, and alike";
}

TEST_F(AnswerComparisonTest, WhatWasNotSentToAllIsNotCompared) {
  answer(0, 1, "1");
  answer(1, 1, "", events::Outcome::held_off);
  answer(2, 1, "1");
  answer(0, 2, "1");  // the others are never heard of
  all(3, "1", "1", "1");
  const events::Log log = comparison_.finish();
  EXPECT_TRUE(told(log, 1).empty());
  EXPECT_TRUE(told(log, 2).empty());
  EXPECT_EQ(told(log, 3).size(), 2u);
}

TEST_F(AnswerComparisonTest, AnAnswerThatDidNotComeDiffersInItsStatus) {
  answer(0, 1, "", events::Outcome::reset);
  answer(1, 1, "1");
  answer(2, 1, "1");
  const events::Log log = comparison_.finish();
  EXPECT_EQ(told(log, 1).count("candidate status:none"), 1u);
}

TEST_F(AnswerComparisonTest, OnlyTheFirstOfAPlaceAreToldInWords) {
  for (std::uint64_t i = 1; i <= 10; ++i) all(i, fmt::format("{{\"a\":{}}}", i), R"({"a":0})", R"({"a":0})");
  const events::Log log = comparison_.finish();
  std::size_t with_words = 0;
  for (const events::AnswerDifference& one : log.differences) with_words += one.detail != 0 ? 1 : 0;
  EXPECT_EQ(with_words, AnswerComparison::details_max);
  EXPECT_EQ(log.differences.size(), 20u);
}

// More than may wait is left out, and nobody is held up for it.
TEST_F(AnswerComparisonTest, WhatHasNoRoomIsLeftOut) {
  for (std::uint64_t i = 1; i <= AnswerComparison::waiting_max + 50; ++i) answer(0, i, "1");
  answer(1, AnswerComparison::waiting_max + 10, "1");
  answer(2, AnswerComparison::waiting_max + 10, "1");
  answer(1, 1, "1");
  answer(2, 1, "1");
  const events::Log log = comparison_.finish();
  EXPECT_EQ(told(log, 1).size(), 2u);
  EXPECT_TRUE(told(log, AnswerComparison::waiting_max + 10).empty());
}

}  // namespace
}  // namespace stormproof::run
