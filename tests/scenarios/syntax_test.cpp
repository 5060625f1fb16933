#include "scenarios/syntax.h"

#include <gtest/gtest.h>

namespace stormproof::scenarios {
namespace {

Diagnostic explained(const std::string& text, const Stopped& stopped) {
  const Source source("s.yaml", text);
  Complaints complaints(source);
  explain(stopped, source, complaints);
  const auto all = complaints.in_order();
  EXPECT_EQ(all.size(), 1U);
  return all.at(0);
}

TEST(Syntax, AnOpenBracketIsReportedAtItsOpening) {
  const Diagnostic diagnostic = explained("a: [1, 2\nb: 3\n", {"end of sequence flow not found", 10, {3}, 7});
  EXPECT_EQ(diagnostic.message, "'[' is never closed");
  EXPECT_EQ(diagnostic.place, (Place{1, 4, 1}));
}

TEST(Syntax, AClosedOneLacksAComma) {
  const Diagnostic diagnostic = explained("a: {b: 1 c: 2}\n", {"end of map flow not found", 10, {3}, 7});
  EXPECT_EQ(diagnostic.message, "a comma is missing before this key");
  EXPECT_EQ(diagnostic.place, (Place{1, 10, 1}));
}

TEST(Syntax, AlwaysGivesOneMessage) {
  for (const std::string_view words :
       {"end of sequence flow not found", "end of map flow not found", "illegal flow end", "illegal map value",
        "end of map not found", "end of sequence not found", "illegal block entry", "unknown token",
        "the referenced anchor is not defined", "unknown escape character: q", "something new"}) {
    for (const std::string text : {"", "a", "a: [", "\n\n"}) {
      for (std::size_t offset = 0; offset <= text.size(); ++offset) {
        EXPECT_FALSE(explained(text, {words, offset, {}, std::nullopt}).message.empty()) << words;
      }
    }
  }
  EXPECT_EQ(explained("a", {"something new", 0, {}, std::nullopt}).message, "YAML: something new");
}

TEST(Syntax, MeasuresQuotedText) {
  EXPECT_EQ(quoted_length("'a' b", 0), 3U);
  EXPECT_EQ(quoted_length("'it''s'", 0), 7U);
  EXPECT_EQ(quoted_length("\"a\\\"b\"", 0), 6U);
  EXPECT_EQ(quoted_length("x: \"a\nb\"", 3), 5U);
  EXPECT_EQ(quoted_length("'a''", 0), std::nullopt);
  EXPECT_EQ(quoted_length("\"a\\\"", 0), std::nullopt);
  EXPECT_EQ(quoted_length("\"", 0), std::nullopt);
}

}  // namespace
}  // namespace stormproof::scenarios
