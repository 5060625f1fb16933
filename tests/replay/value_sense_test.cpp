#include "replay/value_sense.h"

#include <gtest/gtest.h>

#include "harness/base/seed.h"

namespace stormproof::replay {
namespace {

TEST(ValueSenseTest, TokensAreWhatNobodyElseHas) {
  for (const std::string_view token : {"0f8fad5b-d9cb-469f-a165-70867728950e", "d41d8cd98f00b204e9800998ecf8427e",
                                       "dGhpcyBpcyBhIHRlc3QgdG9rZW4h", "s%3AG7mQQEh8bXpqCyYPWJJKzb.signature",
                                       "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N",
                                       "1700000000000123", "AKIAJ7VQX2PLMN4ZRT5Q", "xkqjzvbnmwrtpdfg"}) {
    EXPECT_TRUE(is_token(token)) << token;
  }
}

TEST(ValueSenseTest, WordsNumbersAndTimesAreNot) {
  for (const std::string_view common : {"",
                                        "17",
                                        "active",
                                        "application/json",
                                        "blue-cotton-shirt-large",
                                        "a-very-long-title-of-a-post-about-things",
                                        "Hello World",
                                        "2026-11-23",
                                        "2026-11-23T16:09:21.123Z",
                                        "Mon, 23 Nov 2026 16:09:21 GMT",
                                        "1299.99",
                                        "/static/images/logo.png",
                                        "PENDING_PAYMENT",
                                        "text/html; charset=utf-8",
                                        "gzip, deflate, br",
                                        "XMLHttpRequest",
                                        "no-cache",
                                        "en-US,en;q=0.9",
                                        "product-204.jpg",
                                        "12345678901"}) {
    EXPECT_FALSE(is_token(common)) << common;
  }
}

TEST(ValueSenseTest, RandomTokensOfEveryAlphabetAreRecognised) {
  for (const std::string_view alphabet :
       {"0123456789abcdef", "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
        "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"}) {
    int missed = 0;
    for (std::uint64_t i = 0; i < 2000; ++i) {
      std::string token;
      for (std::uint64_t j = 0; j < 24; ++j) token += alphabet[base::draw(i, alphabet, j) % alphabet.size()];
      missed += is_token(token) ? 0 : 1;
    }
    EXPECT_LE(missed, 20) << alphabet << ": 1 % look like words and numbers";
  }
}

TEST(ValueSenseTest, NounsAreSingularAndWithoutTheIdentifier) {
  for (const std::string_view name :
       {"order_id", "orderId", "orders", "order-id", "ORDER_ID", "orderUuid", "order", "order_number"}) {
    EXPECT_EQ(noun_of(name), "order") << name;
  }
  EXPECT_EQ(noun_of("id"), "");
  EXPECT_EQ(noun_of("categories"), "category");
  EXPECT_EQ(noun_of("addresses"), "address");
  EXPECT_EQ(noun_of("address"), "address");
  EXPECT_EQ(noun_of("paid"), "paid");
  EXPECT_EQ(noun_of("android"), "android");
}

TEST(ValueSenseTest, NamesSayWhatAValueIs) {
  for (const std::string_view name : {"id", "ID", "order_id", "orderId", "uuid", "invoiceNumber"})
    EXPECT_TRUE(names_an_identifier(name)) << name;
  for (const std::string_view name : {"paid", "valid", "name", "", "grid", "Android"})
    EXPECT_FALSE(names_an_identifier(name)) << name;
  for (const std::string_view name :
       {"csrf_token", "_csrf", "authenticity_token", "X-XSRF-TOKEN", "version", "nextCursor", "__VIEWSTATE", "nonce"})
    EXPECT_TRUE(names_a_return_value(name)) << name;
  for (const std::string_view name : {"name", "page", "price", "tokens_left"})
    EXPECT_FALSE(names_a_return_value(name)) << name;
  EXPECT_TRUE(names_a_quantity("page"));
  EXPECT_FALSE(names_a_quantity("order"));
}

TEST(ValueSenseTest, WhatMayIdentify) {
  for (const std::string_view value : {"17", "ord-5", "A1B2", "0"}) EXPECT_TRUE(may_identify(value)) << value;
  for (const std::string_view value : {"", "v2", "V10", "19.99", "-5", "new", "2026-11-23", "a 1"})
    EXPECT_FALSE(may_identify(value)) << value;
}

}  // namespace
}  // namespace stormproof::replay
