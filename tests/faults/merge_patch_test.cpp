#include "faults/merge_patch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <tuple>

namespace stormproof::faults {
namespace {

// The examples of RFC 7396, appendix A.
TEST(MergePatch, DoesWhatTheStandardShows) {
  const std::tuple<const char*, const char*, const char*> examples[] = {
      {R"({"a":"b"})", R"({"a":"c"})", R"({"a":"c"})"},
      {R"({"a":"b"})", R"({"b":"c"})", R"({"a":"b","b":"c"})"},
      {R"({"a":"b"})", R"({"a":null})", R"({})"},
      {R"({"a":["b"]})", R"({"a":"c"})", R"({"a":"c"})"},
      {R"({"a":"c"})", R"({"a":["b"]})", R"({"a":["b"]})"},
      {R"({"a":{"b":"c"}})", R"({"a":{"b":"d","c":null}})", R"({"a":{"b":"d"}})"},
      {R"(["a","b"])", R"(["c","d"])", R"(["c","d"])"},
      {R"({"a":"b"})", R"(["c"])", R"(["c"])"},
      {R"({"a":"foo"})", "null", "null"},
      {R"({"e":null})", R"({"a":1})", R"({"e":null,"a":1})"},
      {"[1,2]", R"({"a":"b","c":null})", R"({"a":"b"})"},
      {"{}", R"({"a":{"bb":{"ccc":null}}})", R"({"a":{"bb":{}}})"}};
  for (const auto& [document, patch, result] : examples) {
    const auto merged = merge_patched(document, patch);
    ASSERT_TRUE(merged.has_value()) << document << patch;
    EXPECT_EQ(*merged, result);
  }
}

TEST(MergePatch, SaysWhichOfTheTwoIsNoJson) {
  EXPECT_THAT(merge_patched("<html>", "{}").error().message, ::testing::HasSubstr("the body is not JSON"));
  EXPECT_THAT(merge_patched("{}", "{").error().message, ::testing::HasSubstr("the patch is not JSON"));
  EXPECT_FALSE(check_json("{").has_value());
}

}  // namespace
}  // namespace stormproof::faults
