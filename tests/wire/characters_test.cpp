#include "harness/wire/characters.h"

#include <gtest/gtest.h>

namespace stormproof::wire {
namespace {

TEST(Characters, TokensAreThoseOfRfc9110) {
  std::string tokens;
  for (int c = 0; c < 256; ++c) {
    if (is_token(static_cast<char>(c))) tokens += static_cast<char>(c);
  }
  EXPECT_EQ(tokens, "!#$%&'*+-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ^_`abcdefghijklmnopqrstuvwxyz|~");
}

TEST(Characters, ValuesHaveNoControlsButTab) {
  for (int c = 0; c < 256; ++c) {
    EXPECT_EQ(is_field_value(static_cast<char>(c)), c == '\t' || (c >= 0x20 && c != 0x7f)) << c;
  }
}

TEST(Characters, CaseIsIgnoredForLettersOnly) {
  EXPECT_TRUE(equal_ignoring_case("Content-Length", "cONTENT-lENGTH"));
  EXPECT_FALSE(equal_ignoring_case("a-b", "a\rb"));
  EXPECT_FALSE(equal_ignoring_case("[", "{"));
  EXPECT_FALSE(equal_ignoring_case("a", "ab"));
}

TEST(Characters, HexadecimalDigits) {
  EXPECT_EQ(hex_value('0'), 0);
  EXPECT_EQ(hex_value('f'), 15);
  EXPECT_EQ(hex_value('A'), 10);
  for (const char c : {'g', 'G', '/', ':', '@', '`', '\0', '\x80'}) EXPECT_EQ(hex_value(c), -1);
}

TEST(Characters, PlainTextHasNoControls) {
  for (std::size_t length = 0; length < 20; ++length) {
    std::string text(length, 'a');
    EXPECT_TRUE(is_plain(text));
    for (std::size_t at = 0; at < length; ++at) {
      for (int c = 0; c < 256; ++c) {
        text[at] = static_cast<char>(c);
        EXPECT_EQ(is_plain(text), c >= 0x20 && c != 0x7f) << c << " at " << at << " of " << length;
      }
      text[at] = 'a';
    }
  }
  EXPECT_TRUE(is_plain("\xff\x80 \x7e\xff\xff\xff\xff\xff"));
}

TEST(Characters, BlanksAreTrimmedAtBothEnds) {
  EXPECT_EQ(trim_blanks(" \ta b\t "), "a b");
  EXPECT_EQ(trim_blanks(" \t"), "");
  EXPECT_EQ(trim_blanks("\n a"), "\n a");
}

}  // namespace
}  // namespace stormproof::wire
