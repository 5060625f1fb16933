#include "tests/subjects/envoy/envoy.h"

#include <gtest/gtest.h>

#include <atomic>

#include "tests/subjects/shop/web.h"
#include "tests/support/http.h"
#include "tests/support/waiting.h"

namespace stormproof::subjects {
namespace {

using std::chrono::seconds;
using support::eventually;

class EnvoySubject : public testing::Test {
 protected:
  void SetUp() override {
    if (const auto why = Envoy::missing()) {
      if (skip_is_failure()) FAIL() << *why;
      GTEST_SKIP() << *why;
    }
  }
  static int status(const Envoy& envoy) { return support::http(envoy.port(), "/checkout/17").value().status; }

  std::atomic<int> calls_ = 0;
  WebServer failing_{[this]() -> WebServer::Handler {
                       return [this](const Message&) { return ++calls_, Reply{.status = 503, .body = "{}"}; };
                     },
                     0};
  WebServer well_{[]() -> WebServer::Handler { return [](const Message&) { return Reply{.body = "{}"}; }; }, 0};
};

TEST_F(EnvoySubject, EjectsAfterFiveFailuresAndLogsIt) {
  const auto envoy = Envoy::start({.endpoints = {failing_.port()}, .ejection = Envoy::Ejection{.base = seconds(30)}});
  ASSERT_TRUE(envoy.has_value()) << envoy.error().to_string();
  EXPECT_EQ(support::http(envoy->port(), "/healthz").value().status, 200);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(status(*envoy), 503);
  // One of its threads sees the failures, another one ejects.
  EXPECT_TRUE(eventually(
      seconds(10), [&] { return support::http(envoy->port(), "/checkout/17").value().body == "no healthy upstream"; }));
  EXPECT_TRUE(eventually(seconds(20), [&] { return envoy->ejections() == 1; }));
}

// The default of max_ejection_percent, 10 %, is less than one of two.
TEST_F(EnvoySubject, ByDefaultItEjectsNoneOfTwo) {
  for (const int most : {10, 100}) {
    calls_ = 0;
    const auto envoy = Envoy::start({.endpoints = {failing_.port(), well_.port()},
                                     .ejection = Envoy::Ejection{.base = seconds(30), .most_percent = most}});
    ASSERT_TRUE(envoy.has_value()) << envoy.error().to_string();
    int failed = 0;
    for (int i = 0; i < 100; ++i) failed += status(*envoy) == 503 ? 1 : 0;
    if (most == 10) EXPECT_EQ(failed, 50);
    else EXPECT_LT(failed, 40);
  }
}

TEST_F(EnvoySubject, LimitsItsRate) {
  const auto envoy = Envoy::start({.endpoints = {well_.port()}, .limit = Envoy::Limit{.per_second = 20, .burst = 3}});
  ASSERT_TRUE(envoy.has_value()) << envoy.error().to_string();
  // On one connection: Envoy takes its time with closing one.
  WebClient client(envoy->port(), seconds(5));
  int refused = 0;
  for (int i = 0; i < 30; ++i) refused += client.call("GET", "/checkout/17").value().word(1) == "429" ? 1 : 0;
  EXPECT_GE(refused, 10);
  EXPECT_EQ(envoy->counter("limit.http_local_rate_limit.rate_limited"), static_cast<std::uint64_t>(refused));
}

TEST_F(EnvoySubject, RetriesAsOftenAsItSays) {
  const auto envoy = Envoy::start({.endpoints = {failing_.port()}, .retries = 2});
  ASSERT_TRUE(envoy.has_value()) << envoy.error().to_string();
  EXPECT_EQ(status(*envoy), 503);
  EXPECT_EQ(calls_, 3);
  EXPECT_EQ(envoy->counter("cluster.payments.upstream_rq_retry"), 2u);
}

}  // namespace
}  // namespace stormproof::subjects
