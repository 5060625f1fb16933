#include "tests/subjects/opossum/opossum.h"

#include <gtest/gtest.h>

#include <atomic>

#include "tests/support/http.h"
#include "tests/support/ports.h"
#include "tests/support/raw_server.h"
#include "tests/support/waiting.h"

namespace stormproof::subjects {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using support::eventually;
using support::http;
using support::RawConnection;
using support::RawServer;

// Payments that fails when told to; keeps connections alive and remembers the last head.
struct Payments {
  std::atomic<bool> fails = false;
  std::atomic<int> calls = 0;
  std::mutex mutex;
  std::string last_head;
  RawServer server{[this](RawConnection& peer) {
    while (auto head = peer.read_until("\r\n\r\n", std::chrono::hours(1))) {
      ++calls;
      {
        const std::lock_guard lock(mutex);
        last_head = *head;
      }
      const bool sent = peer.send(fails ? "HTTP/1.1 503 No\r\nContent-Length: 2\r\n\r\nno"
                                        : "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
                            .has_value();
      if (!sent) return;
    }
  }};
  std::string url() const { return "http://127.0.0.1:" + std::to_string(server.port()); }
};

class OpossumSubject : public testing::Test {
 protected:
  void SetUp() override {
    const auto reason = Opossum::missing();
    if (reason && Opossum::skip_is_failure()) FAIL() << *reason;
    if (reason) GTEST_SKIP() << *reason;
  }
};

TEST_F(OpossumSubject, PassesTheTraceOnAndKeepsItsConnection) {
  Payments payments;
  const auto subject = Opossum::start({.payments = payments.url()});
  ASSERT_TRUE(subject.has_value()) << subject.error().message;
  EXPECT_EQ(http(subject->port(), "/healthz").value().status, 200);
  EXPECT_EQ(http(subject->port(), "/none").value().status, 404);
  for (int i = 0; i < 3; ++i) {
    const auto answer = http(subject->port(), "/checkout/17", {.headers = "traceparent: 00-ab-cd-01\r\n"}).value();
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, R"({"id":"17","paid":"now"})");
  }
  EXPECT_EQ(payments.calls, 3);
  EXPECT_EQ(payments.server.accepted(), 1u);
  const std::lock_guard lock(payments.mutex);
  EXPECT_TRUE(payments.last_head.starts_with("GET /charge/17 HTTP/1.1\r\n")) << payments.last_head;
  EXPECT_NE(payments.last_head.find("traceparent: 00-ab-cd-01\r\n"), std::string::npos) << payments.last_head;
}

TEST_F(OpossumSubject, OpensProbesAndClosesAndSaysSoInItsTruth) {
  Payments payments;
  const auto subject = Opossum::start({.payments = payments.url(), .reset_timeout = milliseconds(200)});
  ASSERT_TRUE(subject.has_value()) << subject.error().message;
  payments.fails = true;
  for (int i = 0; i < 20; ++i) {
    const auto answer = http(subject->port(), "/checkout/1").value();
    EXPECT_EQ(answer.status, 503);
    EXPECT_EQ(answer.body, R"({"id":"1","paid":"later"})");
  }
  EXPECT_GE(payments.calls, 5);
  EXPECT_LT(payments.calls, 20) << "an open breaker holds calls back";

  payments.fails = false;
  EXPECT_TRUE(eventually(seconds(10), [&] { return http(subject->port(), "/checkout/1").value().status == 200; }));
  const auto truth = subject->truth().value();
  const auto opened = times_of(truth, "open");
  const auto probed = times_of(truth, "halfOpen");
  ASSERT_FALSE(opened.empty());
  ASSERT_FALSE(probed.empty());
  EXPECT_EQ(times_of(truth, "close").size(), 1u);
  EXPECT_EQ(truth.front().state, "started");
  EXPECT_GE(probed.front() - opened.front(), milliseconds(199));
}

TEST_F(OpossumSubject, ItsTwinNeverOpens) {
  Payments payments;
  payments.fails = true;
  const auto subject = Opossum::start({.payments = payments.url(), .breaker = false, .fallback_status = 200});
  ASSERT_TRUE(subject.has_value()) << subject.error().message;
  for (int i = 0; i < 30; ++i) EXPECT_EQ(http(subject->port(), "/checkout/1").value().status, 200);
  EXPECT_EQ(payments.calls, 30);
  EXPECT_EQ(subject->truth().value().size(), 1u);
}

TEST_F(OpossumSubject, EndsCleanlyOnSigterm) {
  Payments payments;
  const auto subject = Opossum::start({.payments = payments.url()});
  ASSERT_TRUE(subject.has_value()) << subject.error().message;
  auto idle = RawConnection::connect(subject->port()).value();
  EXPECT_EQ(http(subject->port(), "/checkout/1").value().status, 200);
  EXPECT_EQ(subject->process().stop(), 0);
}

TEST(Opossum, ItsCommandHasEveryOption) {
  const auto command =
      Opossum::command({.port = 8082, .payments = "http://127.0.0.1:9001", .breaker = false, .truth = "t.jsonl"});
  const std::vector<std::string> options(command.begin() + 2, command.end());
  EXPECT_EQ(options, (std::vector<std::string>{"--port=8082", "--payments=http://127.0.0.1:9001", "--breaker=off",
                                               "--resetTimeout=2000", "--timeout=1000", "--errorThresholdPercentage=50",
                                               "--volumeThreshold=5", "--fallback=503", "--truth=t.jsonl"}));
}

}  // namespace
}  // namespace stormproof::subjects
