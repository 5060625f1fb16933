#include "tests/subjects/golang/golang.h"

#include <gtest/gtest.h>

#include <atomic>

#include "tests/subjects/service.h"
#include "tests/subjects/shop/web.h"
#include "tests/support/http.h"
#include "tests/support/waiting.h"

namespace stormproof::subjects {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using support::eventually;
using support::http;

class GolangSubject : public testing::Test {
 protected:
  void SetUp() override {
    if (const auto why = Golang::missing()) {
      if (skip_is_failure()) FAIL() << *why;
      GTEST_SKIP() << *why;
    }
  }
  int status(const base::Result<Service>& service) { return http(service->port(), "/checkout/17").value().status; }
  base::Result<Service> breaker(const std::string& defect) {
    return Service::start([&](std::uint16_t port, const std::filesystem::path& folder) {
      return Golang::command(Golang::Breaker{.port = port,
                                             .payments = "http://127.0.0.1:" + std::to_string(payments_.port()),
                                             .defect = defect,
                                             .sleep = milliseconds(200),
                                             .truth = folder / "truth"});
    });
  }
  static base::Result<Service> limiter(Golang::Limiter limiter) {
    return Service::start([&](std::uint16_t port, const std::filesystem::path&) {
      limiter.port = port;
      return Golang::command(limiter);
    });
  }
  // Of so many requests at once, how many are admitted.
  int admitted(const base::Result<Service>& service, int requests) {
    int count = 0;
    for (int i = 0; i < requests; ++i) count += status(service) == 200 ? 1 : 0;
    return count;
  }

  std::atomic<bool> fails_ = true;
  std::atomic<int> calls_ = 0;
  WebServer payments_{[this]() -> WebServer::Handler {
                        return [this](const Message&) {
                          return ++calls_, Reply{.status = fails_ ? 503 : 200, .body = "{}"};
                        };
                      },
                      0};
};

TEST_F(GolangSubject, ItsBreakerOpensAfterSixProbesAndCloses) {
  const auto service = breaker("none");
  ASSERT_TRUE(service.has_value()) << service.error().to_string();
  EXPECT_EQ(http(service->port(), "/healthz").value().status, 200);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(status(service), 503);
  EXPECT_EQ(calls_, 6);
  fails_ = false;
  EXPECT_TRUE(eventually(seconds(10), [&] { return status(service) == 200; }));
  const auto truth = service->truth().value();
  const auto opened = times_of(truth, "open");
  const auto probed = times_of(truth, "halfOpen");
  ASSERT_FALSE(opened.empty());
  ASSERT_FALSE(probed.empty());
  EXPECT_EQ(times_of(truth, "close").size(), 1u);
  EXPECT_GE(probed.front() - opened.front(), milliseconds(199));
}

TEST_F(GolangSubject, WhoTakesA503ForSuccessNeverOpens) {
  const auto service = breaker("5xx-is-success");
  ASSERT_TRUE(service.has_value()) << service.error().to_string();
  for (int i = 0; i < 20; ++i) EXPECT_EQ(status(service), 503);
  EXPECT_EQ(calls_, 20);
  EXPECT_EQ(service->truth().value().size(), 1u);
}

TEST_F(GolangSubject, WhoForgetsTheSecondStepStaysHalfOpen) {
  const auto service = breaker("forgets-done");
  ASSERT_TRUE(service.has_value()) << service.error().to_string();
  EXPECT_TRUE(eventually(seconds(10), [&] { return status(service) == 503 && calls_ == 7; }));  // one probe
  fails_ = false;
  const auto later = std::chrono::steady_clock::now() + milliseconds(400);
  while (std::chrono::steady_clock::now() < later) EXPECT_EQ(status(service), 503);
  EXPECT_EQ(calls_, 7);
  EXPECT_EQ(service->truth().value().back().state, "halfOpen");
}

TEST_F(GolangSubject, ItsLimiterIsABucket) {
  const auto service = limiter({.rate = 0.01, .burst = 3});
  ASSERT_TRUE(service.has_value()) << service.error().to_string();
  EXPECT_EQ(admitted(service, 8), 3);
  const auto refused = http(service->port(), "/checkout/17").value();
  EXPECT_EQ(refused.status, 429);
  const int seconds_to_wait = std::stoi(refused.header("Retry-After"));
  EXPECT_GT(seconds_to_wait, 60);
  EXPECT_LE(seconds_to_wait, 100);
}

TEST_F(GolangSubject, ItsDefectsAdmitMore) {
  for (const auto& [defect, admits] : {std::pair{"off-by-burst", 6}, {"each-instance", 6}, {"reserves", 20}}) {
    const auto service = limiter({.rate = 0.01, .burst = 3, .defect = defect});
    ASSERT_TRUE(service.has_value()) << service.error().to_string();
    EXPECT_EQ(admitted(service, 20), admits) << defect;
  }
}

}  // namespace
}  // namespace stormproof::subjects
