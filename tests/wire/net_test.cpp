#include "harness/wire/net.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stormproof::wire {
namespace {

using testing::HasSubstr;

TEST(Net, OriginsAreRead) {
  const auto plain = parse_origin("http://shop.local");
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->scheme, "http");
  EXPECT_EQ(plain->host, "shop.local");
  EXPECT_EQ(plain->port, 80);
  EXPECT_EQ(plain->path, "");
  EXPECT_EQ(plain->authority(), "shop.local:80");
  const auto full = parse_origin("http://127.0.0.1:8080/api/v1");
  ASSERT_TRUE(full);
  EXPECT_EQ(full->port, 8080);
  EXPECT_EQ(full->path, "/api/v1");
  const auto slash = parse_origin("http://a:1/");
  ASSERT_TRUE(slash);
  EXPECT_EQ(slash->path, "");
  const auto tls = parse_origin("https://shop.local/x");
  ASSERT_TRUE(tls);
  EXPECT_EQ(tls->scheme, "https");
  EXPECT_EQ(tls->port, 443);
  EXPECT_EQ(parse_origin("https://shop.local:8443")->port, 8443);
  const auto v6 = parse_origin("http://[::1]:90/x");
  ASSERT_TRUE(v6);
  EXPECT_EQ(v6->host, "::1");
  EXPECT_EQ(v6->authority(), "[::1]:90");
}

TEST(Net, WhatIsNoOriginIsSaidInWords) {
  for (const char* const text : {"", "shop.local", "127.0.0.1:80", "http://", "http:///x", "/path", "http://a b"}) {
    const auto origin = parse_origin(text);
    ASSERT_FALSE(origin) << text;
    EXPECT_THAT(origin.error().message, HasSubstr("write it like http://127.0.0.1:8080")) << text;
  }
  EXPECT_THAT(parse_origin("ftp://a").error().message, HasSubstr("'ftp'; only http and https"));
  EXPECT_THAT(parse_origin("http://a:65536").error().message, HasSubstr("0 to 65535"));
  EXPECT_THAT(parse_origin("http://a:99999999999").error().message, HasSubstr("0 to 65535"));
}

TEST(Net, ListenAddressesAreRead) {
  EXPECT_EQ(to_string(*parse_listen_address("127.0.0.1:8080")), "127.0.0.1:8080");
  EXPECT_EQ(to_string(*parse_listen_address("[::1]:8080")), "[::1]:8080");
  EXPECT_EQ(to_string(*parse_listen_address(":0")), "0.0.0.0:0");
  EXPECT_EQ(to_string(*parse_listen_address("*:1")), "0.0.0.0:1");
  EXPECT_EQ(to_string(*parse_listen_address("localhost:7")), "127.0.0.1:7") << "IPv4 first";
}

TEST(Net, WhatIsNoListenAddressIsSaidInWords) {
  EXPECT_THAT(parse_listen_address("8080").error().message, HasSubstr("has no port"));
  EXPECT_THAT(parse_listen_address("").error().message, HasSubstr("has no port"));
  for (const char* const text : {"a:", "a:x", "a:-1", "a:65536", "a:1 ", "127.0.0.1:80x"}) {
    const auto address = parse_listen_address(text);
    ASSERT_FALSE(address) << text;
    EXPECT_THAT(address.error().message, HasSubstr("0 to 65535")) << text;
  }
}

TEST(Net, HostsThatDoNotExistAreNamed) {
  const auto found = resolve("no-such-host.invalid", 80);
  ASSERT_FALSE(found);
  EXPECT_THAT(found.error().message, HasSubstr("cannot resolve 'no-such-host.invalid'"));
}

TEST(Net, AHostHasAllItsAddressesOrNone) {
  const auto loopback = addresses_of("127.0.0.1");
  ASSERT_EQ(loopback.size(), 1u);
  EXPECT_TRUE(loopback.front().is_loopback());
  EXPECT_TRUE(addresses_of("no-such-host.invalid").empty());
}

}  // namespace
}  // namespace stormproof::wire
