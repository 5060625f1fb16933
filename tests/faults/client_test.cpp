#include "faults/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <boost/asio/ip/address.hpp>

namespace stormproof::faults {
namespace {

TEST(Client, NetworksContainTheirAddresses) {
  const auto is_in = [](const char* network, const char* address) {
    const auto parsed = Network::parse(network);
    EXPECT_TRUE(parsed.has_value()) << network;
    return parsed && parsed->contains(boost::asio::ip::make_address(address));
  };
  EXPECT_TRUE(is_in("10.0.0.0/8", "10.255.0.1"));
  EXPECT_FALSE(is_in("10.0.0.0/8", "11.0.0.1"));
  EXPECT_TRUE(is_in("192.168.1.128/25", "192.168.1.200"));
  EXPECT_FALSE(is_in("192.168.1.128/25", "192.168.1.100"));
  EXPECT_TRUE(is_in("127.0.0.1", "::ffff:127.0.0.1"));
  EXPECT_TRUE(is_in("0.0.0.0/0", "8.8.8.8"));
  EXPECT_FALSE(is_in("0.0.0.0/0", "::1"));
  EXPECT_TRUE(is_in("fd00::/8", "fd12::1"));
  EXPECT_TRUE(is_in("::1", "::1"));
}

TEST(Client, WhatIsNoNetworkIsRefused) {
  for (const char* text : {"", "10.0.0.0/33", "10.0.0.0/", "::1/129", "host", "10.0.0.0/8x", "1.2.3"})
    EXPECT_FALSE(Network::parse(text).has_value()) << text;
}

}  // namespace
}  // namespace stormproof::faults
