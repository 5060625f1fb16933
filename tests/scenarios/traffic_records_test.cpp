#include "scenarios/traffic_records.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/scenarios/golden.h"

namespace stormproof::scenarios {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

std::string with(const std::string& keys) { return golden::broken("  rate: 200/s\n", "  rate: 200/s\n" + keys); }

Traffic meaning(const std::string& keys) {
  auto parsed = parse(with(keys), "s.yaml", golden::environment({}));
  EXPECT_TRUE(parsed.has_value()) << render(parsed.error());
  return parsed ? std::move(parsed->traffic) : Traffic{};
}

TEST(TrafficRecords, WhatAReplayCanDoAScenarioCan) {
  const Traffic traffic = meaning(R"(  warm-up: 10s
  links: false
  drop-at-limit: true
  precise: true
  timeout: 5s
  max-requests: 1000
  max-rate: 300/s
  keep-idempotency-keys: true
  only: {not-paths: ["/admin/*"], sessions: 10%}
)");
  EXPECT_EQ(traffic.warm_up, 10s);
  EXPECT_FALSE(traffic.links);
  EXPECT_TRUE(traffic.drops_at_limit);
  EXPECT_TRUE(traffic.precise);
  EXPECT_EQ(traffic.timeout, 5s);
  EXPECT_EQ(traffic.requests_max, 1000u);
  EXPECT_DOUBLE_EQ(traffic.rate_per_second_max, 300);
  EXPECT_TRUE(traffic.keep_idempotency_keys);
  EXPECT_THAT(traffic.paths_left_out, ElementsAre("/admin/*"));
  EXPECT_DOUBLE_EQ(traffic.sessions, 0.1);
}

TEST(TrafficRecords, WhatIsNotSaidIsAsBefore) {
  const Traffic traffic = meaning("");
  EXPECT_TRUE(traffic.links);
  EXPECT_EQ(traffic.warm_up, 0s);
  EXPECT_FALSE(traffic.drops_at_limit || traffic.precise || traffic.keep_idempotency_keys || traffic.timeout);
  EXPECT_DOUBLE_EQ(traffic.sessions, 1);
}

TEST(TrafficRecords, RequestsAreRewritten) {
  const Rewrites rewrites = meaning(R"(  rewrite:
    host: shop.staging.example
    headers: {X-Tenant: staging}
    without: [X-Forwarded-For]
    paths: [{from: "/z/*", to: "/y/*"}, {from: "/a/*", to: "/b/*"}]
    query: {debug: "1"}
    without-query: [utm_source]
)")
                                .rewrites;
  EXPECT_EQ(rewrites.host, "shop.staging.example");
  EXPECT_THAT(rewrites.headers, ElementsAre(Pair("X-Tenant", "staging")));
  EXPECT_THAT(rewrites.headers_removed, ElementsAre("X-Forwarded-For"));
  EXPECT_THAT(rewrites.paths, ElementsAre(Pair("/z/*", "/y/*"), Pair("/a/*", "/b/*"))) << "in the order of the file";
  EXPECT_THAT(rewrites.query, ElementsAre(Pair("debug", "1")));
  EXPECT_THAT(rewrites.query_removed, ElementsAre("utm_source"));
}

TEST(TrafficRecords, WhatCannotBeRewrittenIsSaidWhereItStands) {
  EXPECT_THAT(golden::messages(with("  rewrite: {headers: {Content-Length: \"3\"}}\n")),
              HasSubstr("s.yaml:12:23: error: "));
  EXPECT_THAT(golden::messages(with("  rewrite: {paths: [{from: \"/a/*\", to: \"/b/*/*\"}]}\n")),
              HasSubstr("s.yaml:12:21: error: "));
}

TEST(TrafficRecords, CeilingsThatMakeNoSenseAreErrors) {
  EXPECT_THAT(golden::messages(with("  max-requests: 0\n")), HasSubstr("a ceiling of 0 requests sends nothing"));
  EXPECT_THAT(golden::messages(with("  max-rate: 100/s\n")), HasSubstr("the rate lies above this ceiling"));
}

TEST(TrafficRecords, ACredentialInARewrittenHeaderIsASecret) {
  const auto parsed =
      parse(with("  rewrite: {headers: {Authorization: Bearer abcdef}}\n"), "s.yaml", golden::environment({}));
  ASSERT_TRUE(parsed.has_value()) << render(parsed.error());
  EXPECT_THAT(parsed->secrets, Contains("abcdef"));
}

}  // namespace
}  // namespace stormproof::scenarios
