#include "scenarios/source.h"

#include <gtest/gtest.h>

namespace stormproof::scenarios {
namespace {

TEST(Source, PlacesCountLinesFromOneAndColumnsInCharacters) {
  const Source source("s.yaml", "ab\n±: µx\n");
  EXPECT_EQ(source.place(0), (Place{1, 1, 1}));
  EXPECT_EQ(source.place(1, 10), (Place{1, 2, 1})) << "cut at the end of the line";
  EXPECT_EQ(source.place(3, 2), (Place{2, 1, 1}));
  EXPECT_EQ(source.place(7, 3), (Place{2, 4, 2}));
}

TEST(Source, TheEndOfTheTextIsAPlace) {
  const Source source("s.yaml", "a\n");
  EXPECT_EQ(source.place(2), (Place{2, 1, 1}));
  EXPECT_EQ(source.place(99), (Place{2, 1, 1}));
  EXPECT_EQ(source.line(2), "");
  EXPECT_EQ(source.line(3), "");
  EXPECT_EQ(Source("s.yaml", "").place(0), (Place{1, 1, 1}));
}

TEST(Source, OffsetsAreTheReverseOfPlaces) {
  const Source source("s.yaml", "ab\ncd");
  EXPECT_EQ(source.offset(1, 1), 4U);
  EXPECT_EQ(source.offset(0, 99), 5U);
  EXPECT_EQ(source.offset(7, 0), 5U);
  EXPECT_EQ(source.offset(-1, 0), 5U);
}

TEST(Source, TakesOffAByteOrderMarkAndCarriageReturns) {
  const Source source("s.yaml",
                      "\xEF\xBB\xBF"
                      "a\r\nb");
  EXPECT_EQ(source.line(1), "a");
  EXPECT_EQ(source.line(2), "b");
  EXPECT_EQ(source.place(0), (Place{1, 1, 1}));
}

TEST(Source, KnowsUtf8) {
  EXPECT_EQ(character_length("a", 0), 1U);
  EXPECT_EQ(character_length("±", 0), 2U);
  EXPECT_EQ(character_length("…", 0), 3U);
  EXPECT_EQ(character_length("\xF0\x9F\x8C\xA9", 0), 4U);
  for (const std::string_view bad :
       {"\x80", "\xC0\x80", "\xC2", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xF5", "\xFF", "\xE2\x80"}) {
    EXPECT_EQ(character_length(bad, 0), 0U) << printable(bad);
  }
}

}  // namespace
}  // namespace stormproof::scenarios
