#include "tests/tidy/text.h"

#include <gtest/gtest.h>

namespace stormproof::tidy {
namespace {

TEST(TidyText, CodeIsWithoutCommentsAndLiterals) {
  EXPECT_EQ(code_of("a; // b\nc;"), "a;     \nc;");
  EXPECT_EQ(code_of("a /* b\n c */ d"), "a     \n      d");
  EXPECT_EQ(code_of("f(\"a // b\\\" c\"); d"), "f(\"          \"); d");
  EXPECT_EQ(code_of("x = '\"'; y"), "x = ' '; y");
  EXPECT_EQ(code_of("n = 1'000'000; m"), "n = 1'000'000; m");
  EXPECT_EQ(code_of("R\"(a \" // b)\" c"), "              c");
  EXPECT_EQ(code_of("R\"x(a)\" )x\" c"), "            c");
  EXPECT_EQ(code_of("no \"end\nnext"), "no \"  d\nnext");
  EXPECT_EQ(code_of("/* no end"), "         ");
  EXPECT_EQ(code_of(""), "");
}

TEST(TidyText, FindsIncludes) {
  const auto includes = includes_of("// x\n#include \"a/b.h\"\n#  include <vector>\nint include;\n#if 1\n");
  ASSERT_EQ(includes.size(), 2u);
  EXPECT_EQ(includes[0].name, "a/b.h");
  EXPECT_TRUE(includes[0].quoted);
  EXPECT_EQ(includes[0].line, 2);
  EXPECT_EQ(includes[1].name, "vector");
  EXPECT_FALSE(includes[1].quoted);
}

TEST(TidyText, FindsWholeWordsOnly) {
  EXPECT_EQ(words_in("rand strand rand() rand_x", "rand"), (std::vector<std::size_t>{0, 12}));
  EXPECT_TRUE(followed_by("rand  (", 4, "("));
  EXPECT_FALSE(followed_by("rand x(", 4, "("));
  EXPECT_FALSE(followed_by("rand", 4, "("));
  EXPECT_EQ(previous_word("a.b  (", 5), "b");
  EXPECT_EQ(previous_word("a = (", 4), "");
  EXPECT_EQ(previous_word("x", 0), "");
  EXPECT_TRUE(preceded_by_word("using  namespace", 7, "using"));
  EXPECT_FALSE(preceded_by_word("reusing namespace", 8, "using"));
}

TEST(TidyText, ReadsNames) {
  EXPECT_EQ(next_identifier(" [[nodiscard]] Task {", 0), "Task");
  EXPECT_EQ(next_identifier(" class Kind : int", 0), "Kind");
  EXPECT_EQ(next_identifier(" {", 0), "");
  EXPECT_EQ(next_identifier("x", 5), "");
  EXPECT_EQ(next_qualified_name(" a::b::c {", 0), "a::b::c");
}

TEST(TidyText, ReadsBlocks) {
  EXPECT_EQ(block_after("f() { a { b } c } d", 0), "{ a { b } c }");
  EXPECT_EQ(block_after("f() { a {", 0), "{ a {");
  EXPECT_EQ(block_after("f();", 0), "");
}

TEST(TidyText, CountsLines) {
  EXPECT_EQ(line_count(""), 0);
  EXPECT_EQ(line_count("a"), 1);
  EXPECT_EQ(line_count("a\n"), 1);
  EXPECT_EQ(line_count("a\nb"), 2);
  EXPECT_EQ(line_at("a\nb\nc", 4), 3);
  EXPECT_EQ(split("a,,b", ','), (std::vector<std::string>{"a", "", "b"}));
}

}  // namespace
}  // namespace stormproof::tidy
