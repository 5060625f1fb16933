#include "harness/app/compare_options.h"

#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"

namespace stormproof::app {
namespace {

CompareOptions parsed(std::vector<std::string> arguments) {
  CLI::App command;
  CompareOptions options;
  options.add_to(command);
  std::vector<const char*> words = {"compare", "a.traffic"};
  for (const std::string& one : arguments) words.push_back(one.c_str());
  command.parse(static_cast<int>(words.size()), words.data());
  return options;
}

TEST(CompareOptions, TargetsAreNeededUnlessNothingIsSent) {
  EXPECT_FALSE(parsed({}).check().has_value());
  EXPECT_FALSE(parsed({"--baseline", "http://127.0.0.1:1"}).check().has_value());
  EXPECT_TRUE(parsed({"--baseline", "http://127.0.0.1:1", "--candidate", "http://127.0.0.1:2"}).check().has_value());
  EXPECT_FALSE(parsed({"--baseline", "ftp://x", "--candidate", "http://127.0.0.1:2"}).check().has_value());
  EXPECT_TRUE(parsed({"--recorded"}).check().has_value());
  EXPECT_FALSE(parsed({"--recorded", "--candidate", "http://127.0.0.1:2"}).check().has_value());
  EXPECT_FALSE(parsed({"--recorded", "--loop", "2"}).check().has_value());
}

TEST(CompareOptions, GatesAreThoseThatWereNamed) {
  const auto all = parsed({"--latency-margin", "5%", "--error-margin", "0.5%", "--tail", "p99=10%"}).gates();
  ASSERT_TRUE(all.has_value());
  EXPECT_DOUBLE_EQ(*all->latency, 0.05);
  EXPECT_DOUBLE_EQ(*all->errors, 0.005);
  EXPECT_DOUBLE_EQ(all->tail->quantile, 0.99);
  EXPECT_DOUBLE_EQ(all->tail->margin, 0.1);
  const auto one = parsed({"--gate", "differences"}).gates();
  ASSERT_TRUE(one.has_value());
  EXPECT_TRUE(one->differences.has_value());
  EXPECT_FALSE(one->latency || one->errors || one->tail);
  for (const auto* tail : {"99=1%", "p99", "p0=1%", "p100=1%", "p99=x"})
    EXPECT_FALSE(parsed({"--tail", tail}).gates().has_value()) << tail;
  EXPECT_FALSE(parsed({"--false-alarms", "0%"}).gates().has_value());
  EXPECT_FALSE(parsed({"--latency-margin", "5"}).gates().has_value());
}

TEST(CompareOptions, RulesAndPacing) {
  const auto rules =
      parsed({"--ignore", "$.at", "--ignore", "header:etag", "--unordered", "$.tags", "--tolerance", "$.p=1"}).rules();
  ASSERT_TRUE(rules.has_value());
  EXPECT_TRUE(rules->ignores_header("GET /", "etag"));
  EXPECT_TRUE(rules->is_unordered("GET /", {{"tags", 0, false}}));
  EXPECT_FALSE(parsed({"--ignore", "at"}).rules().has_value());
  EXPECT_FALSE(parsed({}).pairing()->pacing.has_value());
  EXPECT_TRUE(parsed({"--rate", "100/s"}).pairing()->pacing.has_value());
  EXPECT_TRUE(parsed({"--speed", "2x"}).pairing()->pacing.has_value());
  EXPECT_FALSE(parsed({"--speed", "2"}).pairing().has_value());
  EXPECT_EQ(parsed({"--loop", "3", "--at-once", "7", "--seed", "9"}).pairing()->seed, 9U);
}

TEST(CompareOptions, TheWarmUpIsATenthUpToAHundred) {
  EXPECT_EQ(parsed({}).warm_up(50), 5U);
  EXPECT_EQ(parsed({}).warm_up(1'000'000), 100U);
}

}  // namespace
}  // namespace stormproof::app
