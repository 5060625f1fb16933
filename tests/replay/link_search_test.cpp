#include "replay/link_search.h"

#include <gtest/gtest.h>

#include "tests/replay/linked_traffic.h"

namespace stormproof::replay {
namespace {

TEST(LinkSearchTest, ThreePassesFindALink) {
  LinkedTraffic traffic;
  traffic.add("POST /orders", "", "201\nLocation: /orders/17", "");
  traffic.get("/orders/17", "200", "");
  LinkSearch search({});
  for (const Exchange& exchange : traffic.exchanges()) search.see_request(exchange);
  for (const Exchange& exchange : traffic.exchanges()) search.see_response(exchange);
  for (const Exchange& exchange : traffic.exchanges()) search.see_uses(exchange);
  const Links links = search.finish();
  ASSERT_EQ(links.links.size(), 1u);
  EXPECT_EQ(links.links[0].source, 1u);
}

TEST(LinkSearchTest, ShadowsAndStreamsAreNotLookedAt) {
  LinkedTraffic traffic;
  traffic.add("POST /orders", "", "201\nLocation: /orders/17", "").shadow_of = 5;
  traffic.get("/orders/17", "200", "");
  Exchange stream;
  stream.id = 9;
  LinkSearch search({});
  for (const Exchange& exchange : traffic.exchanges()) search.see_request(exchange);
  search.see_request(stream);
  for (const Exchange& exchange : traffic.exchanges()) search.see_response(exchange);
  search.see_response(stream);
  for (const Exchange& exchange : traffic.exchanges()) search.see_uses(exchange);
  const Links links = search.finish();
  EXPECT_EQ(links.exchanges, 1u);
  EXPECT_TRUE(links.links.empty());
}

}  // namespace
}  // namespace stormproof::replay
