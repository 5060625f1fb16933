#include "harness/base/glob.h"

#include <gtest/gtest.h>

#include <string>

#include "harness/base/seed.h"

namespace stormproof::base {
namespace {

TEST(Glob, AStarStandsForAnyCharactersSlashesToo) {
  EXPECT_TRUE(glob_matches("/checkout/*", "/checkout/17"));
  EXPECT_TRUE(glob_matches("/checkout/*", "/checkout/17/lines/3"));
  EXPECT_TRUE(glob_matches("/checkout/*", "/checkout/"));
  EXPECT_FALSE(glob_matches("/checkout/*", "/checkout"));
  EXPECT_TRUE(glob_matches("*/lines/*", "/checkout/17/lines/3"));
  EXPECT_TRUE(glob_matches("*.png", "/a.png.png"));
  EXPECT_FALSE(glob_matches("*.png", "/a.png?x"));
  EXPECT_TRUE(glob_matches("a*b*c", "a-b-b-c"));
  EXPECT_FALSE(glob_matches("a*b*c", "a-c-b"));
  EXPECT_TRUE(glob_matches("**", "anything"));
}

TEST(Glob, EverythingElseStandsForItself) {
  EXPECT_TRUE(glob_matches("/a?b[c]", "/a?b[c]"));
  EXPECT_FALSE(glob_matches("/a?b", "/axb"));
  EXPECT_FALSE(glob_matches("/A", "/a"));
  EXPECT_FALSE(glob_matches("/a", "/ab"));
  EXPECT_FALSE(glob_matches("/ab", "/a"));
}

TEST(Glob, EmptyMatchesEmptyOnly) {
  EXPECT_TRUE(glob_matches("", ""));
  EXPECT_TRUE(glob_matches("*", ""));
  EXPECT_FALSE(glob_matches("", "a"));
  EXPECT_FALSE(glob_matches("a", ""));
}

// By definition: a star takes nothing, or one character and goes on.
bool by_definition(std::string_view pattern, std::string_view text) {
  if (pattern.empty()) return text.empty();
  if (pattern.front() == '*') {
    return by_definition(pattern.substr(1), text) || (!text.empty() && by_definition(pattern, text.substr(1)));
  }
  return !text.empty() && pattern.front() == text.front() && by_definition(pattern.substr(1), text.substr(1));
}

TEST(Glob, AgreesWithItsDefinition) {
  int matches = 0;
  for (std::uint64_t i = 0; i < 50'000; ++i) {
    std::string pattern;
    std::string text;
    for (std::uint64_t n = 0; n < draw(1, "length", i) % 7; ++n) pattern += "ab*"[draw(1, "pattern", i * 10 + n) % 3];
    for (std::uint64_t n = 0; n < draw(2, "length", i) % 9; ++n) text += "ab"[draw(1, "text", i * 10 + n) % 2];
    ASSERT_EQ(glob_matches(pattern, text), by_definition(pattern, text)) << pattern << " on " << text;
    matches += glob_matches(pattern, text) ? 1 : 0;
  }
  EXPECT_GT(matches, 5'000);
}

TEST(Glob, HostilePatternsEndSoon) {
  std::string pattern;
  for (int i = 0; i < 100; ++i) pattern += "*a";
  EXPECT_FALSE(glob_matches(pattern + "b", std::string(10'000, 'a')));
}

}  // namespace
}  // namespace stormproof::base
