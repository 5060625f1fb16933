#include "replay/link_listing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "tests/replay/linked_traffic.h"

namespace stormproof::replay {
namespace {

using testing::HasSubstr;
using testing::Not;

LinkedTraffic two_orders() {
  LinkedTraffic traffic;
  for (const int id : {17, 18}) {
    traffic.add("POST /orders", "", "201\nContent-Type: application/json\nX-Key: k9XQ2mZr7Lw0pTfB",
                fmt::format(R"({{"id": {}}})", id));
    traffic.get(fmt::format("/orders/{}\nX-Key: k9XQ2mZr7Lw0pTfB", id), "200", "");
  }
  return traffic;
}

TEST(LinkListingTest, TextFoldsTheLinksOfAKindAndHidesSecrets) {
  const std::string text = links_to_text(find_links(two_orders().exchanges()), "x.traffic");
  EXPECT_THAT(text, HasSubstr("exchanges    4 in 1 sessions\n"));
  EXPECT_THAT(text, HasSubstr("links        4 values that 2 responses gave and 2 requests sent\n"));
  EXPECT_THAT(text, HasSubstr("POST /orders  json $.id\n    2 values in 1 session; the first in exchange 1: 17\n"
                              "    -> GET /orders/{id}  path /orders/{}  2 times\n"));
  EXPECT_THAT(text, HasSubstr("k9XQ…"));
  EXPECT_THAT(text, Not(HasSubstr("k9XQ2")));
}

TEST(LinkListingTest, JsonHasEachLink) {
  const std::string text = links_to_json(find_links(two_orders().exchanges()), "x.traffic");
  EXPECT_THAT(text, Not(HasSubstr("k9XQ2")));
  const auto document = boost::json::parse(text);
  EXPECT_EQ(document.at("schema").as_string(), "stormproof.links/1");
  EXPECT_EQ(document.at("counts").at("links").as_int64(), 4);
  EXPECT_EQ(document.at("counts").at("dependents").as_int64(), 2);
  bool found = false;
  for (const auto& link : document.at("links").as_array()) {
    if (link.at("source").at("place").as_string() != "json $.id" || link.at("source").at("exchange").as_int64() != 3)
      continue;
    found = true;
    EXPECT_EQ(link.at("value").as_string(), "18");
    EXPECT_EQ(link.at("uses").as_array().at(0).at("exchange").as_int64(), 4);
    EXPECT_EQ(link.at("uses").as_array().at(0).at("place").as_string(), "path /orders/{}");
    EXPECT_FALSE(link.at("uses").as_array().at(0).at("other_session").as_bool());
  }
  EXPECT_TRUE(found);
}

TEST(LinkListingTest, WhatCouldNotBeReadIsSaid) {
  LinkedTraffic traffic;
  traffic.get("/", "200\nContent-Type: text/html\nContent-Encoding: gzip", "no gzip at all");
  const Links links = find_links(traffic.exchanges());
  EXPECT_THAT(links_to_text(links, "x"),
              HasSubstr("not read     1 responses: its coding is not known, or it is damaged"));
  EXPECT_THAT(links_to_json(links, "x"), HasSubstr(R"("not_read":{"its coding is not known, or it is damaged":1})"));
}

}  // namespace
}  // namespace stormproof::replay
