#include "replay/markup_value.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "replay/json_difference.h"

namespace stormproof::replay {
namespace {

std::string xml(std::string_view bytes) {
  const auto value = xml_value(bytes);
  return value ? std::string(boost::json::serialize(*value)) : "nothing";
}

TEST(MarkupValue, AnElementIsAnObject) {
  EXPECT_EQ(
      xml("<o:order xmlns:o='u' id=\"7\"> <item>a</item>\n<item>b  c</item><note/></o:order>"),
      R"({"o:order":{"@id":"7","item":[{"#text":["a"]},{"#text":["b c"]}],"note":[{}],"#order":"item item note"}})");
  EXPECT_EQ(xml("<a><![CDATA[<x>]]><!-- no --><?no?></a>"), R"({"a":{"#text":["<x>"]}})");
}

TEST(MarkupValue, WhiteSpaceAndTheOrderOfAttributesMeanNothing) {
  EXPECT_TRUE(same_json(*xml_value("<a x='1' y='2'><b/></a>"), *xml_value("<a\n y='2' x='1'>\n  <b></b>\n</a>")));
  EXPECT_FALSE(same_json(*xml_value("<a><b/><c/></a>"), *xml_value("<a><c/><b/></a>")));
}

TEST(MarkupValue, NoEntityIsExpandedAndNothingIsRead) {
  EXPECT_EQ(xml("<!DOCTYPE a [<!ENTITY e SYSTEM 'file:///etc/hostname'>]><a>&e;</a>"), R"({"a":{"#text":["&e;"]}})");
  std::string laughs = "<!DOCTYPE a [<!ENTITY l0 'ha'>";
  for (int i = 1; i < 20; ++i)
    laughs += "<!ENTITY l" + std::to_string(i) + " '&l" + std::to_string(i - 1) + ";&l" + std::to_string(i - 1) + ";'>";
  EXPECT_LT(xml(laughs + "]><a>&l19;</a>").size(), 100U);
}

TEST(MarkupValue, WhatIsNotWellFormedIsNoXmlButMayBeHtml) {
  EXPECT_EQ(xml("<a><b></a>"), "nothing");
  EXPECT_EQ(xml(""), "nothing");
  const auto html = html_value("<!doctype html><p class=x>one<br>two<p>three");
  ASSERT_TRUE(html.has_value());
  EXPECT_EQ(std::string(boost::json::serialize(*html)),
            R"({"html":{"body":[{"p":[{"@class":"x","#text":["one","two"],"br":[{}]},{"#text":["three"]}]}]}})");
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "<div>";
  html_value(deep);
}

}  // namespace
}  // namespace stormproof::replay
