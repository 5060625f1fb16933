#include "replay/difference_rules.h"

#include <gtest/gtest.h>

namespace stormproof::replay {
namespace {

const BodyPath price = {{"items", 0, false}, {{}, 3, true}, {"price", 0, false}};

bool ignored(std::string_view pattern, const BodyPath& path, std::string_view route = "GET /orders/{id}") {
  DifferenceRules rules;
  const auto added = rules.ignore(pattern);
  EXPECT_TRUE(added.has_value()) << pattern;
  return rules.ignores(route, path);
}

TEST(DifferenceRules, APatternCoversWhatIsBelowIt) {
  for (const auto* pattern : {"$", "body", "$.items", "$.items[*]", "$.items[3]", "$.items[*].price", "$..price",
                              "$.*[3]", "$['items'][*]", "$..[3].price", "$.items.*.price", "GET /orders/* $.items"}) {
    EXPECT_TRUE(ignored(pattern, price)) << pattern;
  }
  for (const auto* pattern : {"$.item", "$.items[2]", "$.items[*].name", "$.price", "$..name", "POST * $.items",
                              "status", "header:price", "$.items[*].price.cents"}) {
    EXPECT_FALSE(ignored(pattern, price)) << pattern;
  }
}

TEST(DifferenceRules, HeadersAndStatus) {
  DifferenceRules rules;
  ASSERT_TRUE(rules.ignore("header:X-Request-*"));
  ASSERT_TRUE(rules.ignore("GET /health status"));
  EXPECT_TRUE(rules.ignores_header("GET /", "x-request-id"));
  EXPECT_FALSE(rules.ignores_header("GET /", "etag"));
  EXPECT_TRUE(rules.ignores_status("GET /health"));
  EXPECT_FALSE(rules.ignores_status("GET /"));
  EXPECT_FALSE(rules.ignores_body("GET /"));
}

TEST(DifferenceRules, ListsWithoutOrderAreMeantExactly) {
  DifferenceRules rules;
  ASSERT_TRUE(rules.unordered("$.items"));
  EXPECT_TRUE(rules.is_unordered("GET /", {{"items", 0, false}}));
  EXPECT_FALSE(rules.is_unordered("GET /", price));
  EXPECT_FALSE(rules.unordered("status").has_value());
}

TEST(DifferenceRules, TolerancesAreAbsoluteOrRelative) {
  DifferenceRules rules;
  ASSERT_TRUE(rules.tolerate("$.items[*].price=0.01"));
  EXPECT_TRUE(rules.within_tolerance("GET /", price, 0.30, 0.29));
  EXPECT_FALSE(rules.within_tolerance("GET /", price, 0.30, 0.28));
  DifferenceRules relative;
  ASSERT_TRUE(relative.tolerate("$..price=1%"));
  EXPECT_TRUE(relative.within_tolerance("GET /", price, 100, 101));
  EXPECT_FALSE(relative.within_tolerance("GET /", price, 100, 101.1));
  EXPECT_FALSE(relative.within_tolerance("GET /", {}, 100, 100.5));
}

TEST(DifferenceRules, WhatMakesNoSenseIsRefusedWithItsText) {
  DifferenceRules rules;
  for (const auto* pattern :
       {"", "items", "$items", "$.", "$..", "$[", "$[x]", "$['a", "$[-1]", "header:", "$.a..", "$.a b.["}) {
    const auto added = rules.ignore(pattern);
    ASSERT_FALSE(added.has_value()) << pattern;
    EXPECT_NE(added.error().message.find(pattern), std::string::npos);
  }
  for (const auto* tolerance : {"$.a", "$.a=", "$.a=x", "$.a=-1", "$.a=1x", "$.a=nan"})
    EXPECT_FALSE(rules.tolerate(tolerance)) << tolerance;
  EXPECT_FALSE(rules.ignore("$" + std::string(5000, 'a')).has_value());
}

}  // namespace
}  // namespace stormproof::replay
