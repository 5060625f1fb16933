#include "tests/subjects/shop/shop.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "tests/subjects/shop/web.h"
#include "tests/support/http.h"
#include "tests/support/ports.h"

namespace stormproof::subjects {
namespace {

using support::http;

TEST(Shop, SellsThroughItsPaymentsAndEndsCleanly) {
  const auto payments = Shop::start({.is_payments = true});
  ASSERT_TRUE(payments.has_value()) << payments.error().message;
  const auto shop = Shop::start({.version = 2, .payments = payments->url()});
  ASSERT_TRUE(shop.has_value()) << shop.error().message;
  EXPECT_EQ(http(shop->port(), "/healthz").value().body, R"({"status":"ok","version":2})");
  EXPECT_EQ(http(shop->port(), "/checkout/1").value().body, R"({"status":"paid"})");
  auto idle = support::RawConnection::connect(shop->port()).value();
  EXPECT_EQ(shop->process().out(), "shop version 2 listens on 127.0.0.1:" + std::to_string(shop->port()) + "\n");
  EXPECT_EQ(payments->process().stop(), 0);
  EXPECT_EQ(http(shop->port(), "/checkout/1").value().status, 502);
  EXPECT_EQ(shop->process().stop(), 0);
  EXPECT_EQ(shop->truth().value().size(), 1u);
}

// What the demo needs many times over: 64 connections at once, none is lost.
TEST(Shop, ServesSixtyFourConnections) {
  const auto payments = Shop::start({.is_payments = true});
  ASSERT_TRUE(payments.has_value()) << payments.error().message;
  const auto shop = Shop::start({.payments = payments->url()});
  ASSERT_TRUE(shop.has_value()) << shop.error().message;
  std::atomic<int> paid = 0;
  std::vector<std::thread> customers;
  for (int i = 0; i < 64; ++i) {
    customers.emplace_back([&] {
      WebClient client(shop->port(), std::chrono::seconds(10));
      for (int n = 0; n < 20; ++n) {
        const auto answer = client.call("GET", "/checkout/" + std::to_string(n));
        if (answer && answer->body == R"({"status":"paid"})") ++paid;
      }
    });
  }
  for (std::thread& customer : customers) customer.join();
  EXPECT_EQ(paid, 64 * 20);
}

TEST(Shop, SaysWhenItsPortIsInUse) {
  const auto first = Shop::start({.is_payments = true});
  ASSERT_TRUE(first.has_value());
  const auto again = support::run_to_end({.argv = Shop::command({.port = first->port()})}).value();
  EXPECT_NE(again.exit_code, 0);
  EXPECT_EQ(again.err, "cannot listen on 127.0.0.1:" + std::to_string(first->port()) + ": Address already in use\n");
}

TEST(Shop, RefusesAVersionThatThereIsNot) {
  EXPECT_NE(support::run_to_end({.argv = Shop::command({.version = 3})}).value().exit_code, 0);
}

}  // namespace
}  // namespace stormproof::subjects
