#include "scenarios/diagnostic.h"

#include <gtest/gtest.h>

namespace stormproof::scenarios {
namespace {

Diagnostic shown(Place place, std::string_view line) {
  Diagnostic diagnostic{
      .file = "s.yaml", .place = place, .message = "m", .suggestion = {}, .allowed = {}, .hint = {}, .source = {}};
  show_excerpt(diagnostic, line);
  return diagnostic;
}

// The form that the reference asks for.
TEST(Diagnostic, IsRenderedWithTheLineTheCaretsAndWhatIsAllowed) {
  Diagnostic diagnostic = shown({17, 27, 4}, "    faults: [{on: ledger, eror: 503, rate: 100%}]");
  diagnostic.file = "scenarios/ledger.yaml";
  diagnostic.message = "unknown fault field 'eror'";
  diagnostic.suggestion = "error";
  diagnostic.allowed = {"on", "error", "latency", "reset", "crash", "rate"};
  EXPECT_EQ(render(diagnostic), R"(scenarios/ledger.yaml:17:27: error: unknown fault field 'eror'; did you mean 'error'?
   17 |     faults: [{on: ledger, eror: 503, rate: 100%}]
      |                           ^^^^
  allowed: on, error, latency, reset, crash, rate
)");
}

TEST(Diagnostic, WithoutAPlaceIsOneLine) {
  EXPECT_EQ(
      render(Diagnostic{
          .file = "s.yaml", .place = {}, .message = "gone", .suggestion = {}, .allowed = {}, .hint = {}, .source = {}}),
      "s.yaml: error: gone\n");
}

TEST(Diagnostic, SeveralFollowOneAnother) {
  EXPECT_EQ(render(std::vector{shown({1, 1, 1}, "a"), shown({2, 1, 1}, "b")}),
            "s.yaml:1:1: error: m\n    1 | a\n      | ^\ns.yaml:2:1: error: m\n    2 | b\n      | ^\n");
}

TEST(Diagnostic, CountsCharactersAndKeepsTabs) {
  EXPECT_EQ(render(shown({1, 5, 2}, "±µ\t xy")), "s.yaml:1:5: error: m\n    1 | ±µ\t xy\n      |   \t ^^\n");
}

TEST(Diagnostic, ShowsAWindowOfALongLine) {
  const std::string line = std::string(1000, 'a') + "bb" + std::string(1000, 'a');
  const Diagnostic diagnostic = shown({1, 1001, 2}, line);
  EXPECT_TRUE(diagnostic.source.starts_with("…a")) << diagnostic.source;
  EXPECT_TRUE(diagnostic.source.ends_with("a…")) << diagnostic.source;
  const std::string text = render(diagnostic);
  const std::size_t line_start = text.find("    1 | ");
  const std::size_t caret_start = text.find("      | ");
  const std::size_t lead = std::string_view("…").size() - 1;
  EXPECT_EQ(text.find("bb") - line_start - lead, text.find("^^") - caret_start) << text;
}

TEST(Diagnostic, TheWindowReachesTheEndsOfTheLine) {
  const std::string line(1000, 'a');
  EXPECT_TRUE(shown({1, 1, 1}, line).source.starts_with('a'));
  EXPECT_TRUE(shown({1, 1000, 1}, line).source.ends_with('a'));
  EXPECT_LT(render(shown({1, 1000, 4000}, line)).size(), 1000U) << "the carets are cut with the line";
}

TEST(Diagnostic, PrintsNothingThatATerminalObeys) {
  Diagnostic diagnostic = shown({1, 1, 1}, "a\x1b[31m\xc2\x9b\xff");
  diagnostic.message = "x\x1b\n\xc2\x9b\xff";
  diagnostic.hint = "h\r";
  EXPECT_EQ(render(diagnostic),
            "s.yaml:1:1: error: x\\x1b\\x0a\\xc2\\x9b\\xff\n    1 | a?[31m??\n      | ^\n  hint: h\\x0d\n");
}

TEST(Diagnostic, CutsQuotedTextBetweenCharacters) {
  const std::string text = in_quotes(std::string(quoted_bytes_max - 1, 'a') + "±b");
  EXPECT_EQ(text, "'" + std::string(quoted_bytes_max - 1, 'a') + "…'");
  EXPECT_EQ(in_quotes("a'b"), "'a'b'");
}

TEST(Diagnostic, ShowsTheFirstOfManyAllowed) {
  Diagnostic diagnostic = shown({1, 1, 1}, "a");
  diagnostic.allowed.assign(allowed_shown_max + 1, "x");
  EXPECT_TRUE(render(diagnostic).ends_with("x, …\n"));
  diagnostic.allowed.pop_back();
  EXPECT_TRUE(render(diagnostic).ends_with(", x\n"));
}

}  // namespace
}  // namespace stormproof::scenarios
