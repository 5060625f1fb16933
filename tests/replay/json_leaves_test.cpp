#include "replay/json_leaves.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "tests/replay/fixtures.h"

namespace stormproof::replay {
namespace {

using testing::ElementsAre;

std::vector<std::string> leaves(std::string_view text) {
  std::vector<std::string> all;
  each_json_leaf(text, [&](const JsonLeaf& leaf) {
    all.push_back(fmt::format("{} {}.{} {}{}", leaf.path, leaf.owner, leaf.key, leaf.is_string ? "'" : "", leaf.raw));
  });
  return all;
}

TEST(JsonLeavesTest, TellsWhereEachStands) {
  EXPECT_THAT(leaves(R"({"order": {"id": 17, "name": "a \"b\""}, "tags": ["x", -2.5e3, true, null], "n": {}})"),
              ElementsAre("$.order.id order.id 17", R"($.order.name order.name 'a \"b\")", "$.tags[*] .tags 'x",
                          "$.tags[*] .tags -2.5e3"));
  EXPECT_THAT(leaves(R"([{"id": 1}, {"id": 2}])"), ElementsAre("$[*].id .id 1", "$[*].id .id 2"));
  EXPECT_THAT(leaves("\"alone\""), ElementsAre("$ . 'alone"));
}

TEST(JsonLeavesTest, PointsIntoTheText) {
  const std::string text = R"({"a": "value"})";
  each_json_leaf(text, [&](const JsonLeaf& leaf) { EXPECT_EQ(leaf.raw.data(), text.data() + 7); });
}

TEST(JsonLeavesTest, EndsWhereTheTextIsNoJson) {
  EXPECT_THAT(leaves(R"({"a": 1, "b": oops, "c": 3})"), ElementsAre("$.a .a 1"));
  for (const std::string text : {"", "{", "[", "{\"a", "{\"a\":", "{\"a\":\"", "{\"a\":\"x\\", "nul", "{,}", "[1 2]"}) {
    leaves(text);
  }
  EXPECT_TRUE(leaves(std::string(100'000, '[')).empty());
  EXPECT_TRUE(leaves(std::string(65, '[') + "1" + std::string(65, ']')).empty()) << "too deep";
  EXPECT_EQ(leaves(std::string(64, '[') + "1" + std::string(64, ']')).size(), 1u);
}

// Every string and number of every valid text of the JSON test suite is found, as the library finds it.
void count(const boost::json::value& value, std::size_t& found) {
  if (value.is_object()) {
    for (const auto& member : value.get_object()) count(member.value(), found);
  } else if (value.is_array()) {
    for (const auto& element : value.get_array()) count(element, found);
  } else if (value.is_string() || value.is_number()) {
    ++found;
  }
}

TEST(JsonLeavesTest, AgreesWithALibraryOnRealDocuments) {
  const auto folder = corpora();
  if (!folder) GTEST_SKIP() << "the corpora are not here";
  for (const std::string name : {"har/mitmproxy/chrome.har", "har/mitmproxy/safari.har"}) {
    const std::string text = read_bytes((*folder / name).string());
    std::size_t expected = 0;
    count(boost::json::parse(text), expected);
    EXPECT_GT(expected, 100u);
    EXPECT_EQ(leaves(text).size(), expected) << name;
  }
}

}  // namespace
}  // namespace stormproof::replay
