#include "replay/body_value.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace stormproof::replay {
namespace {

std::string value(ContentKind kind, std::string_view bytes) {
  return std::string(boost::json::serialize(body_value(kind, bytes).value));
}

TEST(BodyValue, EveryKindIsAValue) {
  EXPECT_EQ(value(ContentKind::json, "\xEF\xBB\xBF{\"a\":1}"), R"({"a":1})");
  EXPECT_EQ(value(ContentKind::json_lines, "1\n\n{\"a\":2}\r\n"), R"([1,{"a":2}])");
  EXPECT_EQ(value(ContentKind::form, "a=1&b=two+words%21&a=%C3%A9&c"),
            R"({"a":["1","é"],"b":["two words!"],"c":[""]})");
  EXPECT_EQ(value(ContentKind::text, "one\r\ntwo\n"), R"(["one","two"])");
  EXPECT_EQ(value(ContentKind::xml, "<a x='1'>t</a>"), R"({"a":{"@x":"1","#text":["t"]}})");
}

TEST(BodyValue, WhatIsNotWhatItClaimsIsTextOrBinary) {
  EXPECT_EQ(body_value(ContentKind::json, "{\"a\":").kind, ContentKind::text);
  EXPECT_EQ(body_value(ContentKind::json, std::string_view("{\0", 2)).kind, ContentKind::binary);
  EXPECT_EQ(body_value(ContentKind::xml, "<a>").kind, ContentKind::text);
  EXPECT_EQ(body_value(ContentKind::json_lines, "1\nx").kind, ContentKind::text);
  EXPECT_EQ(body_value(ContentKind::json, std::string(100'000, '[')).kind, ContentKind::text) << "deeper than is read";
  EXPECT_EQ(body_value(ContentKind::none, "").kind, ContentKind::none);
}

}  // namespace
}  // namespace stormproof::replay
