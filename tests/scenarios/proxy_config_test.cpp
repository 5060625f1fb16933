#include "scenarios/proxy_config.h"

#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>

#include "scenarios/parser.h"

namespace stormproof::scenarios {
namespace {

const Environment nobody = [](std::string_view) { return std::nullopt; };

ProxyConfig right(std::string_view text) {
  auto config = parse_proxy(text, "proxy.yaml", nobody);
  EXPECT_TRUE(config) << (config ? "" : render(config.error()));
  return config ? *config : ProxyConfig{};
}

std::string mistakes(std::string_view text) {
  const auto config = parse_proxy(text, "proxy.yaml", nobody);
  return config ? "" : render(config.error());
}

constexpr std::string_view least =
    "version: 1\nlisten: 127.0.0.1:8080\nupstreams: [{url: \"http://127.0.0.1:9090\"}]\n";

TEST(ProxyConfig, TheLeastIsThreeLines) {
  const ProxyConfig config = right(least);
  EXPECT_EQ(config.listen, "127.0.0.1:8080");
  ASSERT_EQ(config.upstreams.size(), 1U);
  EXPECT_EQ(config.upstreams[0].url, "http://127.0.0.1:9090");
  EXPECT_EQ(config.upstreams[0].weight, 1U);
  EXPECT_EQ(config.workers, 1U);
  EXPECT_FALSE(config.tls || config.record || config.shadow || config.tcp);
}

TEST(ProxyConfig, EveryKeyArrives) {
  const ProxyConfig config = right(R"(version: 1
listen: "127.0.0.1:8443"
tls: { certificate: shop.crt, key: shop.key }
key-log: keys.log
workers: 2
upstreams:
  - { url: "https://127.0.0.1:9090", name: stable, weight: 99 }
  - { url: "http://127.0.0.1:9091", name: canary }
upstream-tls: { ca: ca.crt, insecure: true }
sticky: { cookie: session }
timeouts: { connect: 1s, head: 2s, idle: 3s, total: 4s, client-head: 5s, client-idle: 6s, tunnel-idle: 7s, drain: 0s }
connections: 1000
add: { via: edge, forwarded: true, x-forwarded: true, trace: true }
record: { out: live.traffic, rotate-size: 1GiB, rotate-every: 1h, keep: 24 }
shadow: { url: "http://127.0.0.1:9191", share: 10%, methods: [GET], paths: ["/api/*"], memory: 8MiB, off-above: 3ms }
admin: 127.0.0.1:9901
access-log: "-"
)");
  EXPECT_EQ(config.tls->certificate + config.tls->key + config.key_log, "shop.crtshop.keykeys.log");
  EXPECT_EQ(config.workers, 2U);
  ASSERT_EQ(config.upstreams.size(), 2U);
  EXPECT_EQ(config.upstreams[0].url, "https://127.0.0.1:9090");
  EXPECT_EQ(config.upstreams[0].weight, 99U);
  EXPECT_EQ(config.upstreams[1].name, "canary");
  EXPECT_EQ(config.upstream_tls.ca, "ca.crt");
  EXPECT_TRUE(config.upstream_tls.insecure);
  EXPECT_EQ(config.sticky_cookie, "session");
  using std::chrono::seconds;
  EXPECT_EQ(config.timeouts.connect, seconds(1));
  EXPECT_EQ(config.timeouts.head, seconds(2));
  EXPECT_EQ(config.timeouts.idle, seconds(3));
  EXPECT_EQ(config.timeouts.total, seconds(4));
  EXPECT_EQ(config.timeouts.client_head, seconds(5));
  EXPECT_EQ(config.timeouts.client_idle, seconds(6));
  EXPECT_EQ(config.timeouts.tunnel_idle, seconds(7));
  EXPECT_EQ(config.timeouts.drain, seconds(0));
  EXPECT_EQ(config.connections_max, 1000U);
  EXPECT_EQ(config.via, "edge");
  EXPECT_TRUE(config.forwarded && config.x_forwarded && config.trace);
  EXPECT_EQ(config.record->out, "live.traffic");
  EXPECT_EQ(config.record->rotate_bytes, 1U << 30);
  EXPECT_EQ(config.record->rotate_every, std::chrono::hours(1));
  EXPECT_EQ(config.record->keep_files, 24U);
  EXPECT_EQ(config.shadow->url, "http://127.0.0.1:9191");
  EXPECT_DOUBLE_EQ(config.shadow->share, 0.1);
  EXPECT_EQ(config.shadow->methods, (std::vector<std::string>{"GET"}));
  EXPECT_EQ(config.shadow->paths, (std::vector<std::string>{"/api/*"}));
  EXPECT_EQ(config.shadow->memory_bytes, 8U << 20);
  EXPECT_EQ(config.shadow->added_p99_max, std::chrono::milliseconds(3));
  EXPECT_EQ(config.admin, "127.0.0.1:9901");
  EXPECT_EQ(config.access_log, "-");
}

TEST(ProxyConfig, EveryMistakeAtOnceWithItsPlace) {
  const std::string said = mistakes(
      "version: 1\nlisten: 8080\nworkers: 0\nupstreams: [{url: \"http://a:1\", wieght: 3}]\n"
      "timeouts: {idle: 30}\nshadow: {url: \"http://b:1\", methods: [POST]}\n");
  for (const std::string_view part :
       {"proxy.yaml:2:9:", "proxy.yaml:3:10: error: from 1 to 256 workers", "did you mean 'weight'?",
        "proxy.yaml:5:18:", "POST may change the candidate's data"})
    EXPECT_TRUE(said.contains(part)) << part << "\n" << said;
}

TEST(ProxyConfig, WhatCannotWorkIsRefused) {
  EXPECT_TRUE(mistakes("version: 1\nlisten: 127.0.0.1:1\nupstreams: [{url: \"http://a:1\", weight: 0}]\n")
                  .contains("every upstream has weight 0"));
  EXPECT_TRUE(mistakes(std::string(least) + "sticky: {header: X, cookie: y}\n").contains("header"));
  EXPECT_TRUE(mistakes(std::string(least) + "tcp: true\nadd: {via: x}\n").contains("'add' needs HTTP"));
  EXPECT_TRUE(mistakes("").contains("error"));
}

TEST(ProxyConfig, EveryKeyIsDescribedAndInTheReference) {
  std::ifstream file(STORMPROOF_SOURCE_DIR "/docs/proxy.md");
  ASSERT_TRUE(file.is_open());
  std::stringstream page;
  page << file.rdbuf();
  const std::string text = page.str();
  std::set<std::string_view> names;
  for (const Record* const record : all_records(proxy_record())) {
    EXPECT_TRUE(names.insert(record->name).second) << record->name;
    for (const Key& key : record->keys) {
      EXPECT_TRUE(key.says.ends_with('.')) << record->name << '.' << key.name;
      EXPECT_FALSE(key.example.empty()) << record->name << '.' << key.name;
      EXPECT_TRUE(text.contains("`" + std::string(key.name) + "`")) << "docs/proxy.md lacks `" << key.name << "`";
    }
  }
}

}  // namespace
}  // namespace stormproof::scenarios
