#include "harness/events/event.h"

#include <gtest/gtest.h>

#include <set>

namespace stormproof::events {
namespace {

TEST(Event, EveryOutcomeHasWordsOfItsOwn) {
  std::set<std::string_view> words;
  for (int i = 0; i <= static_cast<int>(last_outcome); ++i) {
    const auto word = to_string(static_cast<Outcome>(i));
    EXPECT_NE(word, "unknown") << i;
    EXPECT_TRUE(words.insert(word).second) << word;
  }
  EXPECT_EQ(to_string(static_cast<Outcome>(200)), "unknown");
}

TEST(Event, ATraceOfZerosIsNone) {
  TraceId trace;
  EXPECT_TRUE(trace.none());
  trace.bytes[15] = 1;
  EXPECT_FALSE(trace.none());
}

TEST(Event, ExchangesCompareByEveryField) {
  const Exchange plain;
  Exchange other = plain;
  EXPECT_EQ(plain, other);
  other.response_bytes = 1;
  EXPECT_NE(plain, other);
  EXPECT_LT(plain, other);
}

}  // namespace
}  // namespace stormproof::events
