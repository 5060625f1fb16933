#include "replay/idempotency.h"

#include <gtest/gtest.h>

namespace stormproof::replay {
namespace {

TEST(Idempotency, TheKeyIsFoundInTheHead) {
  const std::string head = "POST / HTTP/1.1\r\nHost: x\r\nidempotency-KEY:  abc-1 \r\n\r\n";
  const KeyPlace place = idempotency_key(head);
  EXPECT_EQ(head.substr(place.at, place.size), "abc-1");
  EXPECT_EQ(idempotency_key("POST / HTTP/1.1\r\nX-Idempotency-Key: k\r\n\r\n").size, 1u);
  EXPECT_EQ(idempotency_key("POST / HTTP/1.1\r\nHost: x\r\n\r\n").size, 0u);
}

TEST(Idempotency, AFreshKeyIsAnotherOfTheSameShape) {
  const std::string recorded = "6fa459ea-ee8a-4ca4-894e-db77e160355e";
  const std::string fresh = fresh_key(recorded, 1, 0);
  EXPECT_NE(fresh, recorded);
  ASSERT_EQ(fresh.size(), recorded.size());
  for (const std::size_t i : {8U, 13U, 18U, 23U, 14U, 19U}) EXPECT_EQ(fresh[i], recorded[i]) << i;
  EXPECT_EQ(fresh.find_first_not_of("0123456789abcdef-"), std::string::npos);
  EXPECT_EQ(fresh_key("order_12345", 1, 0).substr(5, 1), "_");
  EXPECT_EQ(fresh_key("12345", 1, 0).find_first_not_of("0123456789"), std::string::npos);
}

TEST(Idempotency, RetriesStayRetriesAndLoopsAndReplaysDoNot) {
  const std::string recorded = "0123456789abcdef";
  EXPECT_EQ(fresh_key(recorded, 1, 0), fresh_key(recorded, 1, 0));
  EXPECT_NE(fresh_key(recorded, 1, 0), fresh_key(recorded, 1, 1));
  EXPECT_NE(fresh_key(recorded, 1, 0), fresh_key(recorded, 2, 0));
  EXPECT_NE(fresh_key(recorded, 1, 0), fresh_key("0123456789abcdee", 1, 0));
}

}  // namespace
}  // namespace stormproof::replay
