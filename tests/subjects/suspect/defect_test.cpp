#include "tests/subjects/suspect/defect.h"

#include <gtest/gtest.h>

namespace stormproof::subjects {
namespace {

TEST(Defect, EachIsFoundByItsName) {
  for (const auto& [defect, name] : defect_names) {
    EXPECT_EQ(to_string(defect), name);
    EXPECT_EQ(defect_named(name), defect);
  }
  EXPECT_EQ(defect_named("no such thing"), Defect::none);
}

}  // namespace
}  // namespace stormproof::subjects
