#include "tests/support/ports.h"

#include <gtest/gtest.h>

#include <set>

#include "tests/support/raw_server.h"

namespace stormproof::support {
namespace {

TEST(Ports, AreNeverGivenTwice) {
  std::set<std::uint16_t> ports;
  for (int i = 0; i < 200; ++i) ports.insert(free_port());
  EXPECT_EQ(ports.size(), 200u);
  EXPECT_FALSE(ports.contains(0));
}

TEST(Ports, NothingListensOnAFreeOne) { EXPECT_FALSE(is_listening(free_port())); }

TEST(Ports, WaitingEndsWhenSomethingListens) {
  const RawServer server([](RawConnection&) {});
  EXPECT_TRUE(is_listening(server.port()));
  EXPECT_TRUE(wait_until_listening(server.port()).has_value());
}

TEST(Ports, WaitingEndsWithTheAddressWhenNothingDoes) {
  const std::uint16_t port = free_port();
  const auto result = wait_until_listening(port, std::chrono::milliseconds(5));
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().message, "nothing listens on 127.0.0.1:" + std::to_string(port) + " after 5 ms");
}

}  // namespace
}  // namespace stormproof::support
