#include "replay/production.h"

#include <gtest/gtest.h>

namespace stormproof::replay {
namespace {

wire::Endpoint at(const std::string& text) { return *wire::parse_listen_address(text); }

std::string refused(const std::string& list, const std::string& target) {
  const Resolve resolve = [](const std::string& host) -> std::vector<wire::asio::ip::address> {
    if (host != "shop.example") return {};
    return {wire::asio::ip::make_address("192.0.2.7"), wire::asio::ip::make_address("2001:db8::7")};
  };
  const auto allowed = refuse_production({{"production", list}}, at(target), resolve);
  return allowed ? "" : allowed.error().message;
}

TEST(Production, AnAddressOfTheListIsRefusedAndNamed) {
  EXPECT_EQ(refused("192.0.2.1 192.0.2.7:80", "192.0.2.7:80"),
            "192.0.2.7:80 is production: 192.0.2.7:80 is on the list in the capture, and nothing is replayed there");
  EXPECT_EQ(refused("192.0.2.7:80", "192.0.2.7:81"), "");
  EXPECT_NE(refused("192.0.2.7", "192.0.2.7:81"), "");
  EXPECT_EQ(refused("192.0.2.1", "192.0.2.7:80"), "");
  EXPECT_TRUE(refuse_production({}, at("192.0.2.7:80"), {})) << "no list";
}

TEST(Production, NamesAreResolvedAndNetworksLookedInto) {
  EXPECT_NE(refused("shop.example:443", "192.0.2.7:443"), "");
  EXPECT_NE(refused("shop.example", "[2001:db8::7]:443"), "");
  EXPECT_EQ(refused("shop.example:443", "192.0.2.8:443"), "");
  EXPECT_EQ(refused("gone.example", "192.0.2.8:443"), "");
  EXPECT_NE(refused("192.0.0.0/16", "192.0.2.8:443"), "");
  EXPECT_EQ(refused("192.1.0.0/16", "192.0.2.8:443"), "");
  EXPECT_NE(refused("2001:db8::/32", "[2001:db8::9]:1"), "");
  EXPECT_NE(refused("192.0.2.8", "[::ffff:192.0.2.8]:443"), "") << "the same machine in other words";
}

TEST(Production, AListThatCannotBeReadRefusesAll) {
  EXPECT_NE(refused("192.0.2.1:http", "198.51.100.1:80"), "");
  for (const std::string entry : {"a:0", "a:70000", "[::1", "a@b", "10.0.0.0/33", ""})
    EXPECT_FALSE(check_production_entry(entry)) << entry;
  for (const std::string entry : {"a", "a:80", "[::1]:80", "::1", "10.0.0.0/8", "2001:db8::/32"})
    EXPECT_TRUE(check_production_entry(entry)) << entry;
}

TEST(Production, ThisMachineIsNoProductionUnlessItIsListed) {
  EXPECT_EQ(production_entry(at("127.0.0.1:80")), "");
  EXPECT_EQ(production_entry(at("[::1]:80")), "");
  EXPECT_EQ(production_entry(at("192.0.2.7:80")), "192.0.2.7:80");
  EXPECT_NE(refused("127.0.0.1:80", "127.0.0.1:80"), "");
}

}  // namespace
}  // namespace stormproof::replay
