#include "replay/html_tags.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stormproof::replay {
namespace {

using testing::ElementsAre;

std::vector<std::string> tags(std::string_view page) {
  std::vector<std::string> all;
  each_html_tag(page, [&](const HtmlTag& tag) {
    std::string text = tag.name;
    for (const auto& attribute : tag.attributes) text += " " + attribute.name + "=" + std::string(attribute.raw);
    all.push_back(tag.text.empty() ? text : text + " |" + std::string(tag.text));
  });
  return all;
}

TEST(HtmlTagsTest, ReadsAttributesHoweverTheyAreWritten) {
  EXPECT_THAT(tags(R"(<FORM Action="/pay"><input type=hidden name='csrf' value="a>b" checked/><br/></form >)"),
              ElementsAre("form action=/pay", "input type=hidden name=csrf value=a>b checked=", "br", "/form"));
  EXPECT_THAT(tags("<a href = /x\n title=y>"), ElementsAre("a href=/x title=y"));
}

TEST(HtmlTagsTest, WhatIsNoTagIsPassedOver) {
  EXPECT_THAT(tags("<!doctype html><!-- <input name=a> --> 1 < 2 <3> </p><b>"), ElementsAre("b"));
  EXPECT_THAT(tags("<script>if (a<b) '<input name=x>'</script><i>"),
              ElementsAre("script |if (a<b) '<input name=x>'", "i"));
  EXPECT_THAT(tags("<textarea name=t>one &lt; two</textarea>"), ElementsAre("textarea name=t |one &lt; two"));
}

TEST(HtmlTagsTest, NoEndIsNoHarm) {
  for (const std::string page :
       {"<", "<a", "<a href", "<a href=", "<a href=\"x", "<!--", "</", "<script>", "<a =", "<a =x>"}) {
    tags(page);
  }
  EXPECT_THAT(tags("<input name=a value='x"), ElementsAre("input name=a value=x"));
}

TEST(HtmlTagsTest, ValuesAreDecoded) {
  each_html_tag(R"(<meta name="t" content="a&#x3D;&amp;b">)", [](const HtmlTag& tag) {
    EXPECT_EQ(tag.value("content"), "a=&b");
    EXPECT_EQ(tag.value("none"), "");
  });
}

TEST(HtmlTagsTest, ALargeHostilePageCostsLinearTime) {
  std::string page;
  for (int i = 0; i < 200'000; ++i) page += "<script ";
  std::size_t found = 0;
  each_html_tag(page, [&](const HtmlTag&) { ++found; });
  EXPECT_EQ(found, 1u);
  each_html_tag(std::string(1'000'000, '<'), [&](const HtmlTag&) { ++found; });
  EXPECT_EQ(found, 1u);
}

}  // namespace
}  // namespace stormproof::replay
