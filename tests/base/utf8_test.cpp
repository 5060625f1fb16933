#include "harness/base/utf8.h"

#include <gtest/gtest.h>

namespace stormproof::base {
namespace {

TEST(Utf8, CharactersOfEveryLength) {
  EXPECT_EQ(utf8_character_bytes("a"), 1u);
  EXPECT_EQ(utf8_character_bytes(std::string_view("\0", 1)), 1u);
  EXPECT_EQ(utf8_character_bytes("\xC3\xA9!"), 2u);
  EXPECT_EQ(utf8_character_bytes("\xE2\x82\xAC"), 3u);
  EXPECT_EQ(utf8_character_bytes("\xF0\x9F\x92\xA9"), 4u);
  EXPECT_EQ(utf8_character_bytes("\xF4\x8F\xBF\xBF"), 4u);  // U+10FFFF, the last
}

TEST(Utf8, WhatIsNoCharacter) {
  EXPECT_EQ(utf8_character_bytes(""), 0u);
  for (const std::string_view bytes :
       {"\x80", "\xBF", "\xC0\x80", "\xC1\xBF", "\xC3", "\xC3(", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xE2\x82",
        "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xF0\x9F\x92", "\xFF"}) {
    EXPECT_EQ(utf8_character_bytes(bytes), 0u) << testing::PrintToString(std::string(bytes));
  }
}

TEST(Utf8, EachBadByteIsReplacedAndTheRestStays) {
  EXPECT_EQ(as_utf8("plain\n\x01 \xC3\xA9"), "plain\n\x01 \xC3\xA9");
  EXPECT_EQ(as_utf8("a\xFFz"), "a\xEF\xBF\xBDz");
  EXPECT_EQ(as_utf8("\xE2\x82"), "\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_EQ(as_utf8("\xC3\xC3\xA9"), "\xEF\xBF\xBD\xC3\xA9");
}

TEST(Utf8, WhateverComesInWhatComesOutIsValid) {
  std::string all;
  for (int high = 0; high < 256; ++high) {
    for (int low = 0; low < 256; ++low) {
      all.push_back(static_cast<char>(high));
      all.push_back(static_cast<char>(low));
    }
  }
  const std::string made = as_utf8(all);
  for (std::string_view rest = made; !rest.empty();) {
    const std::size_t bytes = utf8_character_bytes(rest);
    ASSERT_GT(bytes, 0u);
    rest.remove_prefix(bytes);
  }
  EXPECT_EQ(as_utf8(made), made);
}

}  // namespace
}  // namespace stormproof::base
