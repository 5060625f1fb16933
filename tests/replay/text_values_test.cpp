#include "replay/text_values.h"

#include <gtest/gtest.h>

namespace stormproof::replay {
namespace {

constexpr std::string_view token = "k9XQ2mZr7Lw0pTfB";
constexpr std::string_view other = "a7Hc1NqYt3Vd8JsG";

std::vector<Place> places_of(std::string_view value, std::string_view text) {
  std::vector<Place> places;
  each_text_value(
      text, [&](std::string_view found) { return found == value; },
      [&](const Place& place, std::string_view) { places.push_back(place); });
  return places;
}

std::string with(std::string text, std::string_view value) {
  const auto at = text.find("VALUE");
  return text.replace(at, 5, value);
}

TEST(TextValuesTest, TheSamePlaceOfAnotherTextGivesItsValue) {
  for (const std::string text :
       {"<script>var csrf = 'VALUE';</script>", "<order><token>VALUE</token></order>", "token=VALUE\nnext=1",
        "{\"a\":1}\n{\"token\":\"VALUE\"}\n", "first line\nid: VALUE."}) {
    const auto places = places_of(token, with(text, token));
    ASSERT_EQ(places.size(), 1u) << text;
    EXPECT_EQ(text_value_at(with(text, other), places[0]), other) << text;
    EXPECT_EQ(text_value_at("another page", places[0]), std::nullopt);
  }
}

TEST(TextValuesTest, RunsHoldWhatWordsDoNot) {
  const std::string text = "key: VALUE end";
  const auto places = places_of("ab+cd/ef12.gh==", with(text, "ab+cd/ef12.gh=="));
  ASSERT_EQ(places.size(), 1u);
  EXPECT_EQ(places[0].part, "run");
  EXPECT_EQ(text_value_at(with(text, "zz+yy/00=="), places[0]), "zz+yy/00==");
}

TEST(TextValuesTest, EscapesAreUndone) {
  const std::string text = R"(<script>window.state = {"csrf":"VALUE"}</script>)";
  const auto json = places_of("ab/cd+12==xyz", with(text, R"(ab\/cd\u002b12==xyz)"));
  ASSERT_EQ(json.size(), 1u);
  EXPECT_EQ(json[0].coding, Coding::json);
  EXPECT_EQ(text_value_at(with(text, R"(\/new\u002b)"), json[0]), "/new+");
  const auto html = places_of("ab+cd=12345", with("data='VALUE'", "ab&#43;cd&#61;12345"));
  ASSERT_EQ(html.size(), 1u);
  EXPECT_EQ(text_value_at("data='x&#43;y'", html[0]), "x+y");
  EXPECT_EQ(places_of("ab/cd=12345", "see ?x=ab%2Fcd%3D12345 there").size(), 1u);
}

TEST(TextValuesTest, TheSecondOfTwoAlike) {
  const std::string text = "<t>first-one-12345</t> <t>VALUE</t>";
  const auto places = places_of(token, with(text, token));
  ASSERT_EQ(places.size(), 1u);
  EXPECT_EQ(text_value_at("<t>another-67890</t> <t>" + std::string(other) + "</t>", places[0]), other);
}

TEST(TextValuesTest, WhatChangesBesideItIsNotPartOfItsPlace) {
  const std::string before = "nonce=" + std::string(other) + " csrf=";
  const auto places = places_of(token, before + std::string(token));
  ASSERT_EQ(places.size(), 1u);
  EXPECT_EQ(places[0].name, " csrf=");
}

TEST(TextValuesTest, BytesOfAnyKindAndTheEndDoNoHarm) {
  for (const std::string& text : {std::string("'"), std::string("\"\\"), std::string("%"), std::string(100, '\''),
                                  std::string("\0\x80\xff", 3)}) {
    EXPECT_TRUE(places_of(token, text).empty());
  }
  EXPECT_EQ(text_value_at("x", Place{PlaceKind::text, ""}), std::nullopt);
}

}  // namespace
}  // namespace stormproof::replay
