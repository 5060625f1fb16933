#include "replay/body_path.h"

#include <gtest/gtest.h>

namespace stormproof::replay {
namespace {

BodyStep member(std::string_view name) { return {name, 0, false}; }
BodyStep element(std::size_t index) { return {{}, index, true}; }

TEST(BodyPath, IsAJsonPath) {
  EXPECT_EQ(to_string({}), "$");
  EXPECT_EQ(to_string({member("items"), element(3), member("price")}), "$.items[3].price");
  EXPECT_EQ(to_string({member("two words"), member("it's"), member("")}), "$['two words']['it\\'s']['']");
}

TEST(BodyPath, FoldsPlacesAndIdentifiers) {
  EXPECT_EQ(folded({member("items"), element(3), member("price")}), "$.items[*].price");
  EXPECT_EQ(folded({member("orders"), member("12345"), member("6fa459ea-ee8a-3ca4-894e-db77e160355e")}),
            "$.orders.{id}.{id}");
}

}  // namespace
}  // namespace stormproof::replay
