#include "harness/app/fault_service.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/support/http.h"
#include "tests/support/raw_server.h"

namespace stormproof::app {
namespace {

const wire::Endpoint any = wire::parse_listen_address("127.0.0.1:0").value();

TEST(FaultService, AnswersBothApisAndWhatEveryProxyAnswers) {
  const base::SystemClock clock;
  const auto service =
      FaultService::start(clock, any, R"([{"name":"a","listen":"127.0.0.1:0","upstream":"127.0.0.1:1"}])", 1);
  ASSERT_TRUE(service) << service.error().message;
  EXPECT_EQ((*service)->populated(), 1U);
  const std::uint16_t port = (*service)->admin_endpoint().port();
  for (const std::string_view path : {"/proxies", "/proxies/a", "/version", "/v1/proxies/a", "/v1/openapi.json",
                                      "/metrics", "/healthz", "/readyz", "/"}) {
    const auto answer = support::http(port, path);
    ASSERT_TRUE(answer) << path;
    EXPECT_EQ(answer->status, 200) << path;
  }
  EXPECT_EQ(support::http(port, "/nothing")->status, 404);
}

TEST(FaultService, AFileWithMistakesIsSaid) {
  const base::SystemClock clock;
  const auto service = FaultService::start(clock, any, R"([{"name":"a"}])", 1);
  ASSERT_FALSE(service);
  EXPECT_EQ(service.error().message, "missing required field: upstream at proxy 1");
}

}  // namespace
}  // namespace stormproof::app
