#include "replay/place.h"

#include <gtest/gtest.h>

namespace stormproof::replay {
namespace {

TEST(PlaceTest, IsSaidInWords) {
  EXPECT_EQ(to_string(Place{PlaceKind::cookie, "sid"}), "cookie sid");
  EXPECT_EQ(to_string(Place{PlaceKind::header, "location", "/orders/{}"}), "header location /orders/{}");
  EXPECT_EQ(to_string(Place{PlaceKind::json, "$[*].id", "", 2}), "json $[*].id (the 3rd)");
  EXPECT_EQ(to_string(Place{PlaceKind::html, "href", "/x/{}", 10}), "html href /x/{} (the 11th)");
  EXPECT_EQ(to_string(Place{PlaceKind::text, "token = '"}), "text after \"token = '\"");
}

}  // namespace
}  // namespace stormproof::replay
