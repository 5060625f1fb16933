#include "tests/subjects/haproxy/haproxy.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>

#include "tests/subjects/shop/web.h"
#include "tests/support/waiting.h"

namespace stormproof::subjects {
namespace {

using std::chrono::seconds;

class HaproxyTest : public testing::Test {
 protected:
  void SetUp() override {
    if (const auto why = Haproxy::missing()) {
      if (std::getenv("CI") != nullptr) FAIL() << *why;
      GTEST_SKIP() << *why;
    }
  }
  // Its server fails each first try, and answers the second.
  WebServer server_{[this]() -> WebServer::Handler {
                      return [this](const Message&) {
                        return ++calls_ % 2 == 1 ? Reply{.status = 500, .body = "{}"}
                                                 : Reply{.status = 200, .body = "{}"};
                      };
                    },
                    0};
  WebServer well_{[]() -> WebServer::Handler { return [](const Message&) { return Reply{}; }; }, 0};
  std::atomic<int> calls_ = 0;
};

TEST_F(HaproxyTest, FiveFailuresTakeItsServerDown) {
  WebServer failing(
      [this]() -> WebServer::Handler {
        return [this](const Message&) { return ++calls_, Reply{.status = 500, .body = "{}"}; };
      },
      0);
  const auto haproxy = Haproxy::start({.server = failing.port(), .check = well_.port()});
  ASSERT_TRUE(haproxy.has_value()) << haproxy.error().to_string();
  WebClient client(haproxy->port(), seconds(5));
  std::string status = "500";
  for (int i = 0; status == "500" && i < 20; ++i) {
    const auto answer = client.call("GET", "/checkout/1");
    ASSERT_TRUE(answer.has_value());
    status = answer->word(1);
  }
  EXPECT_EQ(status, "503");
  // A good health check in between begins to count anew.
  EXPECT_GE(calls_, 5);
  EXPECT_LE(calls_, 10);
}

TEST_F(HaproxyTest, WithRetriesItNeverSeesAFailure) {
  const auto haproxy = Haproxy::start({.server = server_.port(), .check = well_.port(), .retries_on_500 = true});
  ASSERT_TRUE(haproxy.has_value()) << haproxy.error().to_string();
  WebClient client(haproxy->port(), seconds(5));
  for (int i = 0; i < 20; ++i) {
    const auto answer = client.call("GET", "/checkout/1");
    ASSERT_TRUE(answer.has_value());
    EXPECT_EQ(answer->word(1), "200") << i;
  }
  EXPECT_EQ(calls_, 40);
}

TEST_F(HaproxyTest, ItsStickTableRefusesWhoComesAfterThirtyInASecond) {
  for (const bool counts_refused : {false, true}) {
    const auto haproxy = Haproxy::start(Haproxy::Limit{.counts_refused = counts_refused});
    ASSERT_TRUE(haproxy.has_value()) << haproxy.error().to_string();
    WebClient client(haproxy->port(), seconds(5));
    int admitted = 0;
    std::string status = "200";
    for (; status == "200" && admitted < 10'000; ++admitted) {
      const auto answer = client.call("GET", "/checkout/1");
      ASSERT_TRUE(answer.has_value());
      status = answer->word(1);
    }
    EXPECT_EQ(status, "429") << counts_refused;
    EXPECT_GT(admitted, 30) << counts_refused << ": the last was refused";
  }
}

}  // namespace
}  // namespace stormproof::subjects
