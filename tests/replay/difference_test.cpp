#include "replay/difference.h"

#include <gtest/gtest.h>

#include <set>

namespace stormproof::replay {
namespace {

TEST(Difference, EachChangeHasAWordOfItsOwn) {
  std::set<std::string_view> words;
  for (const Change change : {Change::value, Change::type, Change::missing, Change::added, Change::order}) {
    EXPECT_FALSE(to_string(change).empty());
    words.insert(to_string(change));
  }
  EXPECT_EQ(words.size(), 5U);
}

}  // namespace
}  // namespace stormproof::replay
