#include "replay/value_coding.h"

#include <gtest/gtest.h>

namespace stormproof::replay {
namespace {

TEST(ValueCodingTest, DecodesLikeAServer) {
  EXPECT_EQ(decoded(Coding::percent, "a%2Fb+c%3d%zz%4"), "a/b+c=%zz%4");
  EXPECT_EQ(decoded(Coding::form, "a+b%20c%2B"), "a b c+");
  EXPECT_EQ(decoded(Coding::json, R"(a\/b\u002Bc\"d)"), "a/b+c\"d");
  EXPECT_EQ(decoded(Coding::json, R"(bad \q escape)"), R"(bad \q escape)");
  EXPECT_EQ(decoded(Coding::html, "a&amp;b&#43;&#x3D;&#X2f;&quot;&nosuch;&"), "a&b+=/\"&nosuch;&");
  EXPECT_EQ(decoded(Coding::html, "&#8364;&#0;&#1114112;"), "€&#0;&#1114112;");
  EXPECT_EQ(decoded(Coding::plain, "a%2F"), "a%2F");
}

TEST(ValueCodingTest, SpellsANewValueAsTheRecordedOneWasSpelled) {
  EXPECT_EQ(spelled(Coding::form, "x+y/z==", "a%2Bb%2Fc%3D"), "x%2By%2Fz%3D%3D");
  EXPECT_EQ(spelled(Coding::form, "x+y/z==", "a%2bb/c="), "x%2by/z==") << "in the same case, and literal what was";
  EXPECT_EQ(spelled(Coding::form, "x y", "a+b"), "x+y");
  EXPECT_EQ(spelled(Coding::form, "x y", "a%20b"), "x%20y");
  EXPECT_EQ(spelled(Coding::percent, "x y+z", "ab"), "x%20y%2Bz");
  EXPECT_EQ(spelled(Coding::json, "x\"y\\z", "ab"), R"(x\"y\\z)");
  EXPECT_EQ(spelled(Coding::json_number, "18", "17"), "18");
  EXPECT_EQ(spelled(Coding::json_number, "a18", "17"), "\"a18\"") << "what is no number any more gets its quotes";
  EXPECT_EQ(spelled(Coding::html, "a&\"<b>", ""), "a&amp;&quot;&lt;b&gt;");
  EXPECT_EQ(spelled(Coding::plain, "a%&", ""), "a%&");
}

TEST(ValueCodingTest, WhatIsSpelledIsDecodedAgain) {
  std::string every;
  for (int c = 1; c < 127; ++c) every += static_cast<char>(c);
  for (const Coding coding : {Coding::plain, Coding::percent, Coding::form, Coding::json, Coding::html}) {
    EXPECT_EQ(decoded(coding, spelled(coding, every, "a/b=c&%2f")), every) << to_string(coding);
  }
}

}  // namespace
}  // namespace stormproof::replay
