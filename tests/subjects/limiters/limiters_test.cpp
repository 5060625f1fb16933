#include "tests/subjects/limiters/limiters.h"

#include <gtest/gtest.h>

#include "tests/support/http.h"

namespace stormproof::subjects {
namespace {

class LimitersSubject : public testing::Test {
 protected:
  void SetUp() override {
    const auto reason = Limiters::missing();
    if (reason && Limiters::skip_is_failure()) FAIL() << *reason;
    if (reason) GTEST_SKIP() << *reason;
  }
};

TEST_F(LimitersSubject, BothKeepTheirQuotaForEachCaller) {
  for (const std::string kind : {"express", "flexible"}) {
    const auto subject = Limiters::start({.kind = kind, .quota = 3, .window_ms = 60'000});
    ASSERT_TRUE(subject.has_value()) << subject.error().message;
    for (const std::string key : {"a", "b"}) {
      for (int i = 0; i < 5; ++i)
        EXPECT_EQ(
            support::http(subject->port(), "/checkout/1", {.headers = "X-Api-Key: " + key + "\r\n"}).value().status,
            i < 3 ? 200 : 429)
            << kind << i;
    }
    EXPECT_EQ(support::http(subject->port(), "/healthz").value().status, 200);
  }
}

}  // namespace
}  // namespace stormproof::subjects
