#include "replay/confirmation.h"

#include <gtest/gtest.h>

#include <atomic>

#include "tests/replay/comparing.h"

namespace stormproof::replay {
namespace {

class ConfirmationTest : public PairingTest {
 protected:
  static constexpr std::string_view value = R"({"a":1})";
  DifferenceKey key_{"GET /b", "$.a", Change::value};
  DifferenceRules rules_;
  RawServer same_{responding([](std::string_view) { return with_body(value); })};
  RawServer twin_{responding([](std::string_view) { return with_body(value); })};
};

TEST_F(ConfirmationTest, ADifferenceThatStaysIsCountedEachTime) {
  RawServer other(responding([](std::string_view) { return with_body(R"({"a":2})"); }));
  const Script script = script_of({{"/b", 0}});
  Repeats repeats;
  std::vector<std::size_t> sequence;
  with({same_.port(), twin_.port(), other.port()}, {}, script, [&](Pairing& pairing) -> base::Task<> {
    Confirmation confirmation(pairing, script, rules_);
    repeats = co_await confirmation.repeat(key_, 0, 12);
    sequence = co_await confirmation.reproduce(key_, 0);
  });
  EXPECT_EQ(repeats.sent, 12U);
  EXPECT_EQ(repeats.candidate_only, 12U);
  EXPECT_EQ(sequence, std::vector<std::size_t>{0});
}

TEST_F(ConfirmationTest, OneThatDoesNotShowAgainIsGivenUp) {
  RawServer alike(responding([](std::string_view) { return with_body(value); }));
  const Script script = script_of({{"/b", 0}});
  Repeats repeats;
  std::vector<std::size_t> sequence = {1};
  with({same_.port(), twin_.port(), alike.port()}, {}, script, [&](Pairing& pairing) -> base::Task<> {
    Confirmation confirmation(pairing, script, rules_);
    repeats = co_await confirmation.repeat(key_, 0, 12);
    sequence = co_await confirmation.reproduce(key_, 0);
  });
  EXPECT_EQ(repeats.sent, Confirmation::patience);
  EXPECT_EQ(repeats.candidate_only, 0U);
  EXPECT_TRUE(sequence.empty());
}

// /b differs only right after /a of the same session: /x and /y are not needed.
TEST_F(ConfirmationTest, TheFewestRequestsOfTheSessionAreFound) {
  std::atomic<bool> after_a = false;
  RawServer stateful(responding([&](std::string_view request) {
    if (request.starts_with("GET /a ")) after_a = true;
    if (!request.starts_with("GET /b ")) return with_body(value);
    return with_body(after_a.exchange(false) ? R"({"a":2})" : value);
  }));
  const Script script = script_of({{"/x", 5}, {"/other", 6}, {"/a", 5}, {"/y", 5}, {"/b", 5}});
  std::vector<std::size_t> sequence;
  with({same_.port(), twin_.port(), stateful.port()}, {}, script, [&](Pairing& pairing) -> base::Task<> {
    Confirmation confirmation(pairing, script, rules_);
    sequence = co_await confirmation.reproduce(key_, 4);
  });
  EXPECT_EQ(sequence, (std::vector<std::size_t>{2, 4}));
}

TEST_F(ConfirmationTest, WhatWritesIsNeverSentAgain) {
  std::atomic<int> posts = 0;
  RawServer counting(responding([&](std::string_view) {
    ++posts;
    return with_body(R"({"a":2})");
  }));
  const Script script = script_of({{"/b", 0}}, "POST");
  with({same_.port(), twin_.port(), counting.port()}, {}, script, [&](Pairing& pairing) -> base::Task<> {
    Confirmation confirmation(pairing, script, rules_);
    EXPECT_FALSE(confirmation.may_repeat(0));
    EXPECT_EQ((co_await confirmation.repeat(key_, 0, 12)).sent, 0U);
    EXPECT_TRUE((co_await confirmation.reproduce(key_, 0)).empty());
  });
  EXPECT_EQ(posts, 0);
}

}  // namespace
}  // namespace stormproof::replay
