#include "faults/huge_head.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stormproof::faults {
namespace {

TEST(HugeHead, GrowsByAtLeastWhatWasAskedInFieldsOfAFewKilobytes) {
  for (const std::uint64_t bytes : {1U, 100U, 4096U, 100'000U}) {
    auto message = Message::of_response("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", false);
    const std::size_t before = message->head().size();
    grow_head(*message, bytes);
    EXPECT_GE(message->head().size() - before, bytes);
    EXPECT_LE(message->head().size() - before, bytes + 8192);
    for (const auto& field : message->fields) EXPECT_LE(field.value.size(), 4096U);
  }
}

}  // namespace
}  // namespace stormproof::faults
