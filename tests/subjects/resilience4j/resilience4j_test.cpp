#include "tests/subjects/resilience4j/resilience4j.h"

#include <gtest/gtest.h>

#include <atomic>

#include "tests/subjects/service.h"
#include "tests/subjects/shop/web.h"
#include "tests/support/http.h"
#include "tests/support/waiting.h"

namespace stormproof::subjects {
namespace {

using std::chrono::seconds;
using support::eventually;

class Resilience4jSubject : public testing::Test {
 protected:
  void SetUp() override {
    if (const auto why = Resilience4j::missing()) {
      if (skip_is_failure()) FAIL() << *why;
      GTEST_SKIP() << *why;
    }
  }
  void start(const std::string& kind, const std::string& defect) {
    auto started = Service::start([&](std::uint16_t port, const std::filesystem::path& folder) {
      return Resilience4j::command({.port = port,
                                    .kind = kind,
                                    .payments = "http://127.0.0.1:" + std::to_string(payments_.port()),
                                    .defect = defect,
                                    .truth = folder / "truth"});
    });
    ASSERT_TRUE(started.has_value()) << started.error().to_string();
    service_.emplace(std::move(*started));
  }
  int status() { return support::http(service_->port(), "/checkout/17").value().status; }
  std::vector<base::Time> times(std::string_view state) { return times_of(service_->truth().value(), state); }

  std::atomic<bool> fails_ = true;
  std::atomic<int> calls_ = 0;
  WebServer payments_{[this]() -> WebServer::Handler {
                        return [this](const Message&) {
                          return ++calls_, Reply{.status = fails_ ? 503 : 200, .body = "{}"};
                        };
                      },
                      0};
  std::optional<Service> service_;
};

TEST_F(Resilience4jSubject, ItsBreakerOpensAfterTenCallsProbesAndCloses) {
  start("breaker", "none");
  EXPECT_TRUE(eventually(seconds(10), [&] { return status() == 503 && !times("open").empty(); }));
  EXPECT_EQ(calls_, 10);
  fails_ = false;
  EXPECT_TRUE(eventually(seconds(10), [&] { return status() == 200 && !times("close").empty(); }));
  EXPECT_GE(times("halfOpen").front() - times("open").front(), Resilience4j::sleep - std::chrono::milliseconds(1));
}

TEST_F(Resilience4jSubject, WhoIgnoresTheExceptionNeverOpens) {
  start("breaker", "ignores");
  for (int i = 0; i < 30; ++i) EXPECT_EQ(status(), 503);
  EXPECT_EQ(calls_, 30);
  EXPECT_TRUE(times("open").empty());
}

TEST_F(Resilience4jSubject, WhoKeepsThePermitsStaysHalfOpen) {
  start("breaker", "keeps-permits");
  EXPECT_TRUE(eventually(seconds(10), [&] { return status() == 503 && calls_ == 13; }));  // three probes
  fails_ = false;
  for (int i = 0; i < 50; ++i) EXPECT_EQ(status(), 503);
  EXPECT_EQ(calls_, 13);
  EXPECT_EQ(service_->truth().value().back().state, "halfOpen");
}

}  // namespace
}  // namespace stormproof::subjects
