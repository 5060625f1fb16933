#include "harness/app/fault_desk.h"

#include <gtest/gtest.h>

#include "harness/app/service.h"
#include "tests/support/http.h"
#include "tests/support/raw_server.h"
#include "tests/support/waiting.h"

namespace stormproof::app {
namespace {

TEST(FaultDesk, AnswersItsPathsOnly) {
  const base::SystemClock clock;
  FaultDesk desk(clock, nullptr, 1);
  wire::HttpRequest request;
  request.method = "GET";
  for (const std::string_view path : {"/proxies", "/v1/proxies"}) {
    request.path = request.target = path;
    EXPECT_EQ(desk.answer(request).value().status, 200);
  }
  request.path = "/metrics";
  EXPECT_FALSE(desk.answer(request));
}

// The one relay of a service, with two workers, is hurt and healed by hand.
TEST(FaultDesk, AServicesOwnRelayCanBeHurt) {
  support::RawServer upstream([](support::RawConnection& peer) {
    while (peer.read_until("\r\n\r\n") && peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")) {
    }
  });
  const base::SystemClock clock;
  ServiceOptions options;
  options.tell = [](const std::string&) {};
  options.gateway.workers = 2;
  options.gateway.relay.listen = wire::parse_listen_address("127.0.0.1:0").value();
  options.gateway.relay.upstreams = {{{wire::asio::ip::address_v4::loopback(), upstream.port()}}};
  options.admin = wire::parse_listen_address("127.0.0.1:0").value();
  const auto service = Service::start(clock, options);
  ASSERT_TRUE(service) << service.error().message;
  const std::uint16_t port = (*service)->endpoint().port();
  const std::uint16_t admin = (*service)->admin_endpoint()->port();
  const auto call = [&](std::string_view method, std::string_view path, std::string_view body = "") {
    return support::http(admin, path, {.method = method, .body = body}).value().status;
  };
  EXPECT_EQ(support::http(port, "/").value().status, 200);
  EXPECT_EQ(call("POST", "/proxies/default/toxics", R"({"type":"reset_peer"})"), 200);
  EXPECT_TRUE(support::eventually(std::chrono::seconds(2), [&] { return !support::http(port, "/"); }));
  EXPECT_EQ(call("DELETE", "/proxies/default"), 500);
  EXPECT_EQ(call("POST", "/proxies/default", R"({"enabled":false})"), 500);
  EXPECT_EQ(call("POST", "/reset"), 204);
  EXPECT_TRUE(support::eventually(std::chrono::seconds(2), [&] { return support::http(port, "/").has_value(); }));
}

}  // namespace
}  // namespace stormproof::app
