#include "harness/events/names.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace stormproof::events {
namespace {

TEST(Names, AreDenseAndTheFirstIsEmpty) {
  Names names;
  EXPECT_EQ(names.size(), 1U);
  EXPECT_EQ(names.id_of(""), 0U);
  EXPECT_EQ(names.id_of("payments"), 1U);
  EXPECT_EQ(names.id_of("orders"), 2U);
  EXPECT_EQ(names.id_of("payments"), 1U);
  EXPECT_EQ(names.name_of(2), "orders");
  EXPECT_EQ(names.find("orders"), 2U);
  EXPECT_EQ(names.find("unheard of"), 0U);
  EXPECT_EQ(names.name_of(3), "");
  EXPECT_EQ(names.size(), 3U);
}

TEST(Names, SurviveAMove) {
  Names names;
  const NameId id = names.id_of("x");  // short: its bytes lie in the string itself
  Names moved = std::move(names);
  EXPECT_EQ(moved.id_of("x"), id);
  EXPECT_EQ(moved.name_of(id), "x");
}

TEST(Names, ACopyHasTheSameIds) {
  Names names;
  names.id_of("b");
  names.id_of("a");
  Names same = names.copy();
  names = Names();
  EXPECT_EQ(same.find("b"), 1U);
  EXPECT_EQ(same.find("a"), 2U);
  EXPECT_EQ(same.id_of("c"), 3U);
}

TEST(Names, BeyondTheBoundAreOther) {
  Names names;
  for (std::size_t i = 1; i < Names::names_max; ++i) names.id_of(fmt::format("/{}", i));
  EXPECT_EQ(names.size(), Names::names_max);
  const NameId other = names.id_of("one too many");
  EXPECT_EQ(names.name_of(other), Names::other);
  EXPECT_EQ(names.id_of("and another"), other);
  EXPECT_EQ(names.name_of(names.id_of("/17")), "/17");
  EXPECT_EQ(names.size(), Names::names_max + 1);
}

TEST(Route, FoldsIdentifiersAndDropsTheQuery) {
  EXPECT_EQ(route_of("GET", "/orders/12345?full=1"), "GET /orders/{id}");
  EXPECT_EQ(route_of("POST", "/orders/6fa459ea-ee8a-3ca4-894e-db77e160355e/items"), "POST /orders/{id}/items");
  EXPECT_EQ(route_of("GET", "/c/deadbeef01"), "GET /c/{id}");
  EXPECT_EQ(route_of("GET", "/facade"), "GET /facade") << "hexadecimal letters alone are a word";
  EXPECT_EQ(route_of("GET", "/v2/users"), "GET /v2/users");
  EXPECT_EQ(route_of("GET", "/" + std::string(33, 'z')), "GET /{id}");
  EXPECT_EQ(route_of("GET", "http://shop.test/orders/7#top"), "GET /orders/{id}");
  EXPECT_EQ(route_of("GET", "http://shop.test"), "GET /");
  EXPECT_EQ(route_of("OPTIONS", "*"), "OPTIONS *");
  EXPECT_EQ(route_of("GET", "/"), "GET /");
  EXPECT_EQ(route_of("GET", "//7//"), "GET //{id}//");
  EXPECT_EQ(route_of("GET", ""), "GET ");
}

}  // namespace
}  // namespace stormproof::events
