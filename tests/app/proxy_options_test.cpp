#include "harness/app/proxy_options.h"

#include <gtest/gtest.h>

namespace stormproof::app {
namespace {

scenarios::ProxyConfig least() {
  scenarios::ProxyConfig config;
  config.listen = "127.0.0.1:18080";
  config.upstreams = {{.url = "http://127.0.0.1:19090", .name = {}}};
  return config;
}

std::string refusal(const scenarios::ProxyConfig& config) {
  const auto options = service_options(config, {});
  return options ? "nothing" : options.error().message;
}

TEST(ProxyOptions, WhatIsNotWrittenIsTheRelaysOwnDefault) {
  const auto options = service_options(least(), {});
  ASSERT_TRUE(options) << options.error().message;
  const proxy::RelayOptions& relay = options->gateway.relay;
  EXPECT_EQ(relay.limits.idle, proxy::RelayLimits{}.idle);
  EXPECT_EQ(relay.limits.total, proxy::RelayLimits{}.total);
  EXPECT_EQ(relay.upstreams.at(0).name, "http://127.0.0.1:19090");
  EXPECT_EQ(relay.upstreams.at(0).endpoint.port(), 19090);
  EXPECT_FALSE(options->recording || options->shadow || relay.tls || relay.head_lines.any());
}

TEST(ProxyOptions, LimitsWeightsAndStickinessArrive) {
  scenarios::ProxyConfig config = least();
  config.upstreams.push_back({.url = "http://127.0.0.1:19091", .name = "canary", .weight = 3});
  config.timeouts.total = std::chrono::seconds(7);
  config.timeouts.connect = std::chrono::seconds(2);
  config.connections_max = 5;
  config.sticky_header = "X-User";
  const auto options = service_options(config, {});
  ASSERT_TRUE(options) << options.error().message;
  const proxy::RelayOptions& relay = options->gateway.relay;
  EXPECT_EQ(relay.limits.total, std::chrono::seconds(7));
  EXPECT_EQ(relay.limits.pool.connect, std::chrono::seconds(2));
  EXPECT_EQ(relay.limits.connections_max, 5U);
  EXPECT_EQ(relay.stickiness.header, "X-User");
  EXPECT_EQ(relay.upstreams.at(1).weight, 3U);
  EXPECT_EQ(relay.upstreams.at(1).name, "canary");
}

TEST(ProxyOptions, LoopsAreRefused) {
  scenarios::ProxyConfig itself = least();
  itself.upstreams[0].url = "http://127.0.0.1:18080";
  EXPECT_TRUE(refusal(itself).contains("it would call itself"));
  scenarios::ProxyConfig twice = least();
  twice.shadow = scenarios::ProxyConfig::Shadow{};
  twice.shadow->url = "http://127.0.0.1:19090";
  EXPECT_NE(refusal(twice), "nothing");
}

TEST(ProxyOptions, AShadowHasRoomForItsConnectionsOnEveryWorker) {
  scenarios::ProxyConfig config = least();
  config.workers = 4;
  config.shadow = scenarios::ProxyConfig::Shadow{};
  config.shadow->url = "http://127.0.0.1:19191";
  config.shadow->memory_bytes = 1000;
  EXPECT_TRUE(refusal(config).contains("too little"));
}

TEST(ProxyOptions, ACertificateThatCannotBeReadIsNamed) {
  scenarios::ProxyConfig config = least();
  config.tls = {{.certificate = "/no/such.crt", .key = "/no/such.key"}};
  EXPECT_TRUE(refusal(config).contains("/no/such"));
}

TEST(ProxyOptions, WhatAReloadCannotChangeIsNamed) {
  const scenarios::ProxyConfig before = least();
  scenarios::ProxyConfig after = least();
  after.upstreams[0].weight = 9;
  after.shadow = scenarios::ProxyConfig::Shadow{};
  EXPECT_EQ(fixed_keys_changed(before, after), "");
  after.workers = 2;
  after.admin = "127.0.0.1:1";
  after.record.emplace().out = "x";
  EXPECT_EQ(fixed_keys_changed(before, after), "workers, record, admin");
}

}  // namespace
}  // namespace stormproof::app
