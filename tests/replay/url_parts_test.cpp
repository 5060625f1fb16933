#include "replay/url_parts.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stormproof::replay {
namespace {

using testing::ElementsAre;

std::vector<std::string> parts(std::string_view url) {
  std::vector<std::string> all;
  for (const UrlPart& part : url_parts(url)) all.push_back(fmt::format("{} ({}) {}", part.name, part.noun, part.raw));
  return all;
}

TEST(UrlPartsTest, NamesEachByWhatStandsAroundIt) {
  EXPECT_THAT(parts("/orders/17/items/4?token=a%2Fb&id=9#code=x"),
              ElementsAre("/{}/*/items/* () orders", "/orders/{}/items/* (order) 17", "/orders/*/{}/* () items",
                          "/orders/*/items/{} (item) 4", "?token (token) a%2Fb", "?id (item) 9", "#code (code) x"));
  EXPECT_THAT(parts("https://shop.example:8443/orders/17"), ElementsAre("/{}/* () orders", "/orders/{} (order) 17"));
  EXPECT_THAT(parts("17/edit"), ElementsAre("{}/edit () 17", "*/{} () edit"));
  EXPECT_TRUE(parts("https://shop.example").empty());
  EXPECT_TRUE(parts("/").empty());
  EXPECT_TRUE(parts("").empty());
}

TEST(UrlPartsTest, TwoUrlsOfAKindHaveOneShape) {
  EXPECT_EQ(url_shape("/orders/17/pay"), "/orders/*/pay");
  EXPECT_EQ(url_shape("http://h/orders/0f8fad5b-d9cb-469f-a165-70867728950e/pay?x=1"), "/orders/*/pay");
  EXPECT_EQ(url_shape("/api/v2/orders"), "/api/v2/orders");
}

TEST(UrlPartsTest, TheNounOfAPath) {
  EXPECT_EQ(noun_of_path("/api/orders"), "order");
  EXPECT_EQ(noun_of_path("/api/orders/17"), "order");
  EXPECT_EQ(noun_of_path("/"), "");
}

TEST(UrlPartsTest, WhatLooksLikeAUrl) {
  for (const std::string_view url : {"/orders/17", "http://h/x", "https://h"})
    EXPECT_TRUE(looks_like_a_url(url)) << url;
  for (const std::string_view text : {"/", "//", "orders", "/a b", "</p>", ""})
    EXPECT_FALSE(looks_like_a_url(text)) << text;
}

TEST(UrlPartsTest, FormsHaveThePairsOfAQuery) {
  const auto pairs = form_parts("a=1&&b&c%5Bd%5D=x%2By+z&=e");
  ASSERT_EQ(pairs.size(), 3u);
  EXPECT_EQ(pairs[1].key, "c[d]");
  EXPECT_EQ(pairs[1].raw, "x%2By+z");
  EXPECT_EQ(form_parts(std::string(10'000, '&') + "a=1").size(), 1u);
}

}  // namespace
}  // namespace stormproof::replay
