#include "reports/escape.h"

#include <gtest/gtest.h>

#include <limits>

#include "tests/reports/markup.h"

namespace stormproof::reports {
namespace {

#define BAD "\xEF\xBF\xBD"

TEST(Clean, LeavesGoodTextAlone) {
  for (const std::string_view text : {"", "plain", "two\nlines\tand a tab", "µs ± ≤ … 中文 🌩"})
    EXPECT_EQ(clean(text), text);
}

TEST(Clean, ReplacesControlCharacters) {
  EXPECT_EQ(clean(std::string_view("a\0b", 3)), "a" BAD "b");
  EXPECT_EQ(clean("\x1b[31m\r\x7f"), BAD "[31m" BAD BAD);
  EXPECT_EQ(clean("\xC2\x85"), BAD) << "C1 controls, too";
}

TEST(Clean, ReplacesWhatIsNotUtf8) {
  EXPECT_EQ(clean("\xff"), BAD);
  EXPECT_EQ(clean("\xC3"), BAD) << "torn";
  EXPECT_EQ(clean("\xC3("), BAD "(");
  EXPECT_EQ(clean("\xC0\xAF"), BAD BAD) << "overlong";
  EXPECT_EQ(clean("\xE0\x80\xAF"), BAD BAD BAD);
  EXPECT_EQ(clean("\xED\xA0\x80"), BAD BAD BAD) << "a surrogate";
  EXPECT_EQ(clean("\xF4\x90\x80\x80"), BAD BAD BAD BAD) << "beyond U+10FFFF";
  EXPECT_EQ(clean("\xF4\x8F\xBF\xBD"), "\xF4\x8F\xBF\xBD");
  EXPECT_EQ(clean("\xEF\xBF\xBF"), BAD) << "U+FFFF is no XML";
}

TEST(Clean, ReplacesWhatReordersText) {
  EXPECT_EQ(clean("a\xE2\x80\xAE"
                  "b"),
            "a" BAD "b");
  EXPECT_EQ(clean("\xE2\x81\xA6"), BAD);
}

TEST(OneLine, HasNoLineBreaks) { EXPECT_EQ(one_line("a\nb\tc\rd"), "a b c" BAD "d"); }

TEST(EscapeXml, MakesEveryByteSafe) {
  EXPECT_EQ(escape_xml("<a href=\"x\">'&amp;'</a>"), "&lt;a href=&quot;x&quot;&gt;&#39;&amp;amp;&#39;&lt;/a&gt;");
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all.push_back(static_cast<char>(byte));
  EXPECT_EQ(trouble_with("<x y=\"" + escape_xml(all) + "\">" + escape_xml(all) + "</x>"), "");
}

TEST(EscapeMarkdown, LeavesNoMarkup) {
  EXPECT_EQ(escape_markdown("a|b\n`c` *d* _e_ [f](g) <i> @team #1 $x$ ~~y~~ !"),
            "a\\|b \\`c\\` \\*d\\* \\_e\\_ \\[f\\](g) &lt;i&gt; &#64;team \\#1 \\$x\\$ \\~\\~y\\~\\~ \\!");
}

TEST(EscapeMarkdown, MakesNoLinks) {
  EXPECT_EQ(escape_markdown("see http://a.test://x"), "see http&#58;//a.test&#58;//x");
}

TEST(ShellWord, QuotesWhereItMust) {
  EXPECT_EQ(shell_word("scenarios/checkout.yaml"), "scenarios/checkout.yaml");
  EXPECT_EQ(shell_word("my scenario.yaml"), "'my scenario.yaml'");
  EXPECT_EQ(shell_word("it's; rm -rf $HOME"), "'it'\\''s; rm -rf $HOME'");
  EXPECT_EQ(shell_word(""), "''");
  EXPECT_EQ(shell_word("a\nb"), "'a b'");
}

TEST(Shortened, CutsBetweenCharacters) {
  EXPECT_EQ(shortened("abcdef", 6), "abcdef");
  EXPECT_EQ(shortened("abcdefg", 6), "abc…");
  EXPECT_EQ(shortened("äöüß", 6), "ä…");
  EXPECT_EQ(shortened("abcdef", 3), "…");
  EXPECT_EQ(shortened("abcdef", 0), "…");
  EXPECT_EQ(shortened("", 0), "");
}

TEST(Grouped, PutsCommasBetweenThousands) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1000), "1,000");
  EXPECT_EQ(grouped(1234567), "1,234,567");
  EXPECT_EQ(grouped(std::numeric_limits<std::uint64_t>::max()), "18,446,744,073,709,551,615");
}

// The judge of the other tests must itself see what is wrong.
TEST(Markup, SeesWhatIsNotWellFormed) {
  EXPECT_EQ(trouble_with("<a b=\"c\"><d/>&amp;</a>"), "");
  for (const std::string_view bad : {"<a>", "</a>", "<a></b>", "<a><b></a></b>", "<a b=c></a>", "<a b=\"<\"></a>",
                                     "<a>&nbsp;</a>", "<a>&</a>", "<a>\x01</a>", "<a b=\"", "< a></a>"}) {
    EXPECT_NE(trouble_with(bad), "") << bad;
  }
}

}  // namespace
}  // namespace stormproof::reports
