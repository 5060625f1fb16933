#include "replay/json_difference.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "tests/replay/fixtures.h"

namespace stormproof::replay {
namespace {

std::vector<Difference> between(std::string_view a, std::string_view b, const DifferenceRules& rules = {}) {
  std::vector<Difference> differences;
  json_differences(boost::json::parse({a.data(), a.size()}), boost::json::parse({b.data(), b.size()}), "GET /", rules,
                   differences);
  return differences;
}

// "$.a[*] changed 1 2; …", the exact place where it is another.
std::string told(std::string_view a, std::string_view b, const DifferenceRules& rules = {}) {
  std::string text;
  for (const Difference& one : between(a, b, rules)) {
    text += fmt::format("{}{} {} {} {}", text.empty() ? "" : "; ", one.where, to_string(one.change), one.baseline,
                        one.candidate);
  }
  return text;
}

TEST(JsonDifference, EqualValuesHaveNone) {
  EXPECT_EQ(told(R"({"a":1,"b":[1,2.0,null]})", R"({"b":[1.0,2,null],"a":1.0})"), "");
  EXPECT_EQ(told("18446744073709551615", "18446744073709551615"), "");
}

TEST(JsonDifference, MembersAreToldByKind) {
  EXPECT_EQ(told(R"({"name":"shoe","id":1})", R"({"title":"shoe","id":2})"),
            R"($.name missing "shoe" ; $.id changed 1 2; $.title added  "shoe")");
  EXPECT_EQ(told(R"({"id":1})", R"({"id":"1"})"), R"($.id another type 1 "1")");
  EXPECT_EQ(told(R"({"a":null})", R"({"a":false})"), "$.a another type null false");
  EXPECT_EQ(told(R"({"a":null})", R"({})"), "$.a missing null ");
  EXPECT_EQ(told("9007199254740993", "9007199254740992"), "$ changed 9007199254740993 9007199254740992");
}

TEST(JsonDifference, OneElementMoreIsOneDifference) {
  EXPECT_EQ(told("[1,2,3,4]", "[1,9,2,3,4]"), "$[1] added  9");
  EXPECT_EQ(told("[1,2,3,4]", "[1,2,4]"), "$[2] missing 3 ");
  EXPECT_EQ(told("[1,2,3,4,5]", "[1,7,3,4]"), "$[1] changed 2 7; $[4] missing 5 ");
  EXPECT_EQ(told("[]", "[[]]"), "$[0] added  []");
}

TEST(JsonDifference, ElementsAreKnownByTheirNames) {
  const auto* a = R"([{"id":1,"at":10},{"id":2,"at":11},{"id":3,"at":12}])";
  const auto* b = R"([{"id":1,"at":20},{"id":3,"at":22},{"id":4,"at":23}])";
  EXPECT_EQ(
      told(a, b),
      R"($[0].at changed 10 20; $[1] missing {"id":2,"at":11} ; $[2].at changed 12 22; $[2] added  {"id":4,"at":23})");
  // Where every element has a new name each time, it names nothing: by place.
  EXPECT_EQ(told(R"([{"id":1,"v":1},{"id":2,"v":2}])", R"([{"id":8,"v":1},{"id":9,"v":2}])"),
            "$[0].id changed 1 8; $[1].id changed 2 9");
}

TEST(JsonDifference, AnotherOrderIsOneDifference) {
  EXPECT_EQ(told(R"(["x","y","z"])", R"(["z","x","y"])"), R"($ another order ["x","y","z"] ["z","x","y"])");
  EXPECT_EQ(told(R"([{"id":1},{"id":2}])", R"([{"id":2},{"id":1}])"),
            R"($ another order [{"id":1},{"id":2}] [{"id":2},{"id":1}])");
}

TEST(JsonDifference, ListsWithoutOrderMeetWhereverTheyAre) {
  DifferenceRules rules;
  ASSERT_TRUE(rules.unordered("$"));
  EXPECT_EQ(told("[1,2,3]", "[3,1,2]", rules), "");
  EXPECT_EQ(told("[1,2,3]", "[3,9,1]", rules), "$[1] changed 2 9");
  EXPECT_EQ(told("[1,2,2]", "[2,1]", rules), "$[2] missing 2 ");
  EXPECT_EQ(told(R"([{"id":1,"v":1},{"id":2,"v":2}])", R"([{"id":2,"v":3},{"id":1,"v":1}])", rules),
            "$[1].v changed 2 3");
}

TEST(JsonDifference, RulesAreObeyed) {
  DifferenceRules rules;
  ASSERT_TRUE(rules.ignore("$..at"));
  ASSERT_TRUE(rules.tolerate("$.price=0.5"));
  EXPECT_EQ(told(R"({"at":1,"in":{"at":2},"price":10})", R"({"at":3,"in":{},"price":10.5})", rules), "");
  EXPECT_EQ(told(R"({"price":10})", R"({"price":10.6})", rules), "$.price changed 10 1.06E1");
}

TEST(JsonDifference, PathsAreFolded) {
  const auto differences = between(R"({"o":{"12345":[{"v":1}]}})", R"({"o":{"12345":[{"v":2}]}})");
  ASSERT_EQ(differences.size(), 1U);
  EXPECT_EQ(differences[0].path, "$.o.{id}[*].v");
  EXPECT_EQ(differences[0].where, "$.o.12345[0].v");
}

TEST(JsonDifference, WhatIsShownAndHowMuchIsBounded) {
  const std::string huge(100'000, 'x');
  const auto differences = between("\"" + huge + "\"", "\"" + huge + "y\"");
  ASSERT_EQ(differences.size(), 1U);
  EXPECT_LE(differences[0].baseline.size(), Difference::text_bytes_max + 3);
  std::string many_a = "{";
  std::string many_b = "{";
  for (int i = 0; i < 1000; ++i) {
    many_a += fmt::format("{}\"k{}\":1", i == 0 ? "" : ",", i);
    many_b += fmt::format("{}\"k{}\":2", i == 0 ? "" : ",", i);
  }
  EXPECT_EQ(between(many_a + "}", many_b + "}").size(), differences_max);
  std::string long_a = "[";
  std::string long_b = "[";
  for (int i = 0; i < 20'000; ++i) {
    long_a += fmt::format("{}{}", i == 0 ? "" : ",", i);
    long_b += fmt::format("{}{}", i == 0 ? "" : ",", 1'000'000 + i);
  }
  EXPECT_EQ(between(long_a + "]", long_b + "]").size(), differences_max);
}

// JSON Patch's vectors: a document and what it became.
TEST(JsonDifference, TellsWhatAPatchChangedAndNothingElse) {
  const auto folder = corpora();
  if (!folder) GTEST_SKIP() << "../shared/corpora is absent";
  std::size_t changed = 0;
  for (const auto* file : {"json-patch-tests.json", "json-patch-spec-tests.json"}) {
    const std::string bytes = read_bytes((*folder / "http-conformance/json" / file).string());
    const auto cases = boost::json::parse(bytes);
    EXPECT_TRUE(told(bytes, bytes).empty());
    for (const auto& one : cases.as_array()) {
      const auto* doc = one.as_object().if_contains("doc");
      const auto* expected = one.as_object().if_contains("expected");
      if (doc == nullptr || expected == nullptr) continue;
      std::vector<Difference> differences;
      json_differences(*doc, *expected, "GET /", {}, differences);
      EXPECT_EQ(differences.empty(), same_json(*doc, *expected)) << boost::json::serialize(one);
      EXPECT_EQ(differences.empty(), json_identity(*doc) == json_identity(*expected)) << boost::json::serialize(one);
      changed += differences.empty() ? 0 : 1;
    }
  }
  EXPECT_GT(changed, 30U);
}

}  // namespace
}  // namespace stormproof::replay
