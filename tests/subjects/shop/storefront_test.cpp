#include "tests/subjects/shop/storefront.h"

#include <gtest/gtest.h>

#include <atomic>

#include "tests/subjects/truth.h"
#include "tests/support/ports.h"
#include "tests/support/temp_dir.h"

namespace stormproof::subjects {
namespace {

using std::chrono::milliseconds;

Message get(std::string target, std::string headers = "") {
  Message request = {.start_line = "GET " + target + " HTTP/1.1", .head = {}, .body = {}};
  request.head = request.start_line + "\r\n" + headers + "\r\n";
  return request;
}

struct Payments {
  std::atomic<int> status = 200;
  std::atomic<int> calls = 0;
  std::string last_request;  // one caller at a time
  WebServer server{[this] {
                     return [this](const Message& request) {
                       ++calls;
                       last_request = request.head + request.body;
                       return Reply{status, "{}"};
                     };
                   },
                   0};
  WebClient client{server.port(), std::chrono::seconds(5)};
};

TEST(Storefront, AnswersItsPages) {
  Payments payments;
  Storefront shop({.version = 1});
  EXPECT_EQ(shop.answer(get("/healthz"), payments.client).body, R"({"status":"ok","version":1})");
  EXPECT_EQ(shop.answer(get("/products/17"), payments.client).body, R"({"id":"17","price":1995})");
  EXPECT_EQ(shop.answer(get("/products/17?colour=red"), payments.client).status, 200);
  EXPECT_EQ(shop.answer(get("/cart"), payments.client).status, 200);
  for (const auto target : {"/", "/products/", "/products/1/2", "/checkout/", "/carts", ""}) {
    EXPECT_EQ(shop.answer(get(target), payments.client).status, 404) << target;
  }
}

TEST(Storefront, ChargesAtPaymentsAndPassesTheTraceOn) {
  Payments payments;
  Storefront shop({.version = 1});
  EXPECT_EQ(shop.answer(get("/checkout/5", "traceparent: 00-ab-cd-01\r\n"), payments.client).body,
            R"({"status":"paid"})");
  EXPECT_TRUE(payments.last_request.starts_with("GET /charge/5 HTTP/1.1\r\n"));
  EXPECT_NE(payments.last_request.find("\r\ntraceparent: 00-ab-cd-01\r\n"), std::string::npos);
  Message post = get("/checkout/6");
  post.start_line = "POST /checkout/6 HTTP/1.1";
  EXPECT_EQ(shop.answer(post, payments.client).status, 200);
  EXPECT_TRUE(payments.last_request.starts_with("POST /charge/6 HTTP/1.1\r\n"));
  EXPECT_TRUE(payments.last_request.ends_with(R"({"amount":3990})"));
}

TEST(Storefront, VersionOneOpensAnswersPendingAndRecovers) {
  const support::TempDir dir;
  Payments payments;
  payments.status = 503;
  Storefront shop({.version = 1, .sleep = milliseconds(20), .truth = dir.path() / "truth"});
  for (int i = 0; i < 5; ++i)
    EXPECT_EQ(shop.answer(get("/checkout/1"), payments.client).body, R"({"status":"pending"})");
  EXPECT_EQ(payments.calls, 5);
  payments.status = 200;
  Reply last;
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (last.body != R"({"status":"paid"})" && std::chrono::steady_clock::now() < end)
    last = shop.answer(get("/checkout/1"), payments.client);
  EXPECT_EQ(last.body, R"({"status":"paid"})");
  EXPECT_EQ(payments.calls, 6) << "one probe, and it closed the circuit";

  const auto truth = read_truth(dir.path() / "truth").value();
  ASSERT_EQ(truth.size(), 4u);
  EXPECT_EQ(truth[0].state, "started");
  EXPECT_EQ(truth[1].state, "open");
  EXPECT_EQ(truth[2].state, "halfOpen");
  EXPECT_EQ(truth[3].state, "close");
  EXPECT_GE(truth[2].at - truth[1].at, milliseconds(19));
}

TEST(Storefront, VersionTwoNeverOpensAndPassesTheOutageOn) {
  Payments payments;
  payments.status = 503;
  Storefront shop({.version = 2});
  for (int i = 0; i < 50; ++i) EXPECT_EQ(shop.answer(get("/checkout/1"), payments.client).status, 503);
  EXPECT_EQ(payments.calls, 50);
}

TEST(Storefront, VersionTwoAnswers502WhenPaymentsIsNotThere) {
  Storefront shop({.version = 2});
  WebClient nobody(support::free_port(), std::chrono::seconds(5));
  EXPECT_EQ(shop.answer(get("/checkout/1"), nobody).status, 502);
}

TEST(Storefront, PaymentsAnswersChargesOnly) {
  EXPECT_EQ(answer_as_payments(get("/charge/1"), milliseconds(0)).body, R"({"charged":true})");
  EXPECT_EQ(answer_as_payments(get("/"), milliseconds(0)).status, 404);
}

}  // namespace
}  // namespace stormproof::subjects
