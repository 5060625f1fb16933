#include "harness/run/health.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

#include "tests/support/certificates.h"
#include "tests/support/full_listener.h"
#include "tests/support/ports.h"
#include "tests/support/raw_server.h"
#include "tests/support/raw_tls.h"

namespace stormproof::run {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using support::RawConnection;
using support::RawServer;
using Clock = std::chrono::steady_clock;
using GaveUp = std::function<std::optional<std::string>()>;

constexpr milliseconds long_enough = seconds(20);

std::optional<std::string> never() { return std::nullopt; }

wire::Endpoint at(std::uint16_t port) { return {wire::asio::ip::address_v4::loopback(), port}; }

// "" or the error.
std::string healthy(std::uint16_t port, milliseconds within = long_enough, const GaveUp& gave_up = never) {
  const auto came = wait_until_healthy(at(port), "shop:80", "/healthz?deep=1", within, gave_up);
  return came ? "" : came.error().message;
}

std::string reachable(std::uint16_t port, milliseconds within, const GaveUp& gave_up = never) {
  const auto came = wait_until_reachable(at(port), within, gave_up);
  return came ? "" : came.error().message;
}

RawServer::Play answering(std::string answer) {
  return [answer](RawConnection& connection) {
    if (connection.read_until("\r\n\r\n")) static_cast<void>(connection.send(answer));
  };
}

std::string status(int code) { return fmt::format("HTTP/1.1 {} X\r\nContent-Length: 0\r\n\r\n", code); }

TEST(Health, AHealthyServiceIsAskedOnce) {
  std::mutex mutex;
  std::string asked;
  RawServer server([&](RawConnection& connection) {
    const std::lock_guard lock(mutex);
    asked += connection.read_until("\r\n\r\n").value_or("");
    static_cast<void>(connection.send("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nand then nothing"));
    static_cast<void>(connection.read_to_end());
  });
  EXPECT_EQ(healthy(server.port()), "") << "the head is enough";
  EXPECT_EQ(server.accepted(), 1u);
  const std::lock_guard lock(mutex);
  EXPECT_EQ(asked,
            "GET /healthz?deep=1 HTTP/1.1\r\nHost: shop:80\r\nUser-Agent: stormproof\r\nConnection: close\r\n\r\n");
}

TEST(Health, EveryStatusOf2xxIsHealthy) {
  for (const int code : {200, 204, 299}) {
    RawServer server(answering(status(code)));
    EXPECT_EQ(healthy(server.port()), "") << code;
  }
}

TEST(Health, ItIsAskedUntilItIsHealthy) {
  std::atomic<int> asked = 0;
  RawServer server([&](RawConnection& connection) {
    if (connection.read_until("\r\n\r\n")) static_cast<void>(connection.send(status(++asked < 4 ? 503 : 200)));
  });
  EXPECT_EQ(healthy(server.port()), "");
  EXPECT_EQ(asked, 4);
}

TEST(Health, InterimResponsesAreNotTheAnswer) {
  RawServer server(answering("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n" + status(200)));
  EXPECT_EQ(healthy(server.port()), "");
  EXPECT_EQ(server.accepted(), 1u);
}

TEST(Health, AServiceThatStillStartsIsWaitedFor) {
  const std::uint16_t port = support::free_port();
  std::unique_ptr<RawServer> server;
  int asked = 0;
  EXPECT_EQ(healthy(port, long_enough,
                    [&]() -> std::optional<std::string> {
                      if (++asked == 3) server = std::make_unique<RawServer>(answering(status(200)), port);
                      return std::nullopt;
                    }),
            "");
  EXPECT_EQ(asked, 3) << "asked between tries only";
}

TEST(Health, WhatNeverBecomesHealthySaysWhatItAnswered) {
  const auto error_of = [](std::string answer) {
    RawServer server(answering(std::move(answer)));
    return healthy(server.port(), milliseconds(120));
  };
  const std::string prefix = "GET http://shop:80/healthz?deep=1 was not healthy within 120ms: ";
  EXPECT_EQ(error_of(status(500)), prefix + "it answers 500");
  EXPECT_EQ(error_of(status(302)), prefix + "it answers 302");
  EXPECT_EQ(error_of(""), prefix + "the connection was closed without an answer");
  EXPECT_EQ(error_of("HTTP/1.1 200 O"), prefix + "the connection was closed without an answer");
  EXPECT_TRUE(error_of("SSH-2.0-OpenSSH_9.2\r\n\r\n").starts_with(prefix + "the answer is not HTTP: "));
  EXPECT_EQ(healthy(support::free_port(), milliseconds(120)), prefix + "Connection refused");
}

TEST(Health, AServiceThatHangsIsNotWaitedForLongerThanAsked) {
  RawServer server([](RawConnection& connection) { static_cast<void>(connection.read_to_end(seconds(30))); });
  const auto begun = Clock::now();
  EXPECT_EQ(
      healthy(server.port(), milliseconds(200)),
      "GET http://shop:80/healthz?deep=1 was not healthy within 200ms: it takes the connection but does not answer");
  EXPECT_GE(Clock::now() - begun, milliseconds(200));
  EXPECT_LT(Clock::now() - begun, seconds(2)) << "one try may take 2 s, but not here";
}

TEST(Health, AServiceThatHangsInItsHeadIsTriedAgain) {
  std::atomic<int> asked = 0;
  RawServer server([&](RawConnection& connection) {
    if (!connection.read_until("\r\n\r\n")) return;
    static_cast<void>(connection.send(++asked == 1 ? "HTTP/1.1 200" : status(200)));
    if (asked == 1) connection.reset();
  });
  EXPECT_EQ(healthy(server.port()), "");
  EXPECT_EQ(asked, 2);
}

TEST(Health, GivingUpEndsTheWaiting) {
  const auto begun = Clock::now();
  int asked = 0;
  EXPECT_EQ(healthy(support::free_port(), seconds(30),
                    [&]() -> std::optional<std::string> {
                      if (++asked < 2) return std::nullopt;
                      return "the service exited with status 1";
                    }),
            "GET http://shop:80/healthz?deep=1 was not healthy within 30s: the service exited with status 1");
  EXPECT_LT(Clock::now() - begun, seconds(10));
}

TEST(Reachable, AConnectionIsEnough) {
  RawServer server([](RawConnection& connection) { static_cast<void>(connection.read_to_end()); });
  EXPECT_EQ(reachable(server.port(), long_enough), "");
}

TEST(Reachable, AServiceThatStillStartsIsWaitedFor) {
  const std::uint16_t port = support::free_port();
  std::unique_ptr<RawServer> server;
  int asked = 0;
  EXPECT_EQ(reachable(port, long_enough,
                      [&]() -> std::optional<std::string> {
                        if (++asked == 2) server = std::make_unique<RawServer>(answering(""), port);
                        return std::nullopt;
                      }),
            "");
}

TEST(Reachable, WhatIsNotThereSaysWhyAndWhere) {
  const std::uint16_t port = support::free_port();
  EXPECT_EQ(reachable(port, milliseconds(100)),
            fmt::format("cannot reach 127.0.0.1:{} within 100ms: Connection refused", port));
  EXPECT_EQ(reachable(port, seconds(30), [] { return std::optional<std::string>("interrupted"); }),
            fmt::format("cannot reach 127.0.0.1:{} within 30s: interrupted", port));
}

TEST(Reachable, AnAddressThatSwallowsConnectionsIsNotWaitedForLongerThanAsked) {
  const support::FullListener full;
  const auto begun = Clock::now();
  const std::uint16_t port = full.port();
  EXPECT_EQ(reachable(port, milliseconds(150)),
            fmt::format("cannot reach 127.0.0.1:{} within 150ms: Connection timed out", port));
  EXPECT_LT(Clock::now() - begun, seconds(3));
}

TEST(Health, ThroughTls) {
  support::Certificates certificates;
  const auto identity = support::RawTls::server(certificates.issue({"shop"}));
  RawServer server([&](RawConnection& connection) {
    auto tls = support::RawTls::accept(connection, identity);
    if (tls && tls->read_until("\r\n\r\n")) static_cast<void>(tls->send(status(200)));
  });
  const auto trusting = wire::TlsContext::client({.ca_file = certificates.authority()}).value();
  EXPECT_TRUE(wait_until_healthy(at(server.port()), "shop:443", "/", long_enough, never, {trusting, "shop"}));
  EXPECT_TRUE(wait_until_reachable(at(server.port()), long_enough, never, {trusting, "shop"}));
  const auto other =
      wait_until_healthy(at(server.port()), "other:443", "/x", milliseconds(1), never, {trusting, "other"});
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().message,
            "GET https://other:443/x was not healthy within 1ms: its certificate is not accepted: hostname mismatch");
}

}  // namespace
}  // namespace stormproof::run
