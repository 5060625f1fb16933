#include "replay/capture_format.h"

#include <gtest/gtest.h>

#include "tests/replay/fixtures.h"

namespace stormproof::replay {
namespace {

TEST(CaptureFormat, AnEntryComesBackAsItWas) {
  const Exchange exchange = exchange_number(5);
  Entry entry = entry_of(exchange);
  entry.response_parts = {.body = 7, .parts = 3, .bytes = 3'000'000};
  std::string block;
  append_entry(block, entry);
  append_entry(block, entry_of(exchange_number(6)));
  std::string_view rest = block;
  const auto first = take_entry(rest);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->id, 5U);
  EXPECT_EQ(first->shadow_of, exchange.shadow_of);
  EXPECT_EQ(first->times, entry.times);
  EXPECT_EQ(first->request_parts.body, 0U);
  EXPECT_EQ(first->response_parts.body, 7U);
  EXPECT_EQ(first->response_parts.parts, 3U);
  EXPECT_EQ(first->response_parts.bytes, 3'000'000U);
  EXPECT_EQ(first->request_head, exchange.request.head);
  EXPECT_EQ(first->request_body, exchange.request.body);
  EXPECT_EQ(first->interim, exchange.interim);
  EXPECT_EQ(first->response_head, exchange.response.head);
  EXPECT_EQ(first->response_body, exchange.response.body);
  const auto second = take_entry(rest);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->id, 6U);
  EXPECT_TRUE(rest.empty());
}

TEST(CaptureFormat, AnEntryCutAnywhereIsAnError) {
  std::string block;
  append_entry(block, entry_of(exchange_number(5, 40)));
  for (std::size_t length = 0; length < block.size(); ++length) {
    std::string_view cut = std::string_view(block).substr(0, length);
    EXPECT_FALSE(take_entry(cut)) << length;
  }
}

TEST(CaptureFormat, HostileLengthsAndEndingsAreErrors) {
  std::string block;
  append_entry(block, entry_of(exchange_number(5, 40)));
  for (std::size_t at = 0; at < block.size(); ++at) {
    std::string hostile = block;
    hostile[at] = '\xff';
    std::string_view rest = hostile;
    const auto entry = take_entry(rest);  // with a length of 2^63 and more, among others
    if (entry) EXPECT_LE(entry->request_body.size() + entry->response_body.size(), block.size());
  }
  std::string unknown = block;
  unknown[8 * 8] = 99;
  std::string_view rest = unknown;
  EXPECT_FALSE(take_entry(rest));
}

TEST(CaptureFormat, TimesThatAreNotKnownCountNowhere) {
  Entry entry;
  EXPECT_EQ(earliest_time(entry), 0);
  EXPECT_EQ(latest_time(entry), 0);
  entry.times = {0, 50, 40, 0};
  EXPECT_EQ(earliest_time(entry), 40);
  EXPECT_EQ(latest_time(entry), 50);
}

TEST(CaptureFormat, DecompressionBelievesNoLength) {
  const std::string raw(10'000, 'x');
  const std::string content = compress(raw);
  EXPECT_LT(content.size(), 100U);
  EXPECT_EQ(decompress(content, raw.size(), raw.size()), raw);
  EXPECT_FALSE(decompress(content, raw.size(), raw.size() - 1));
  EXPECT_FALSE(decompress(content, raw.size() + 1, block_bytes_max));
  EXPECT_FALSE(decompress(content, raw.size() - 1, block_bytes_max));
  EXPECT_FALSE(decompress(content.substr(0, content.size() - 1), raw.size(), block_bytes_max));
  EXPECT_FALSE(decompress("", 10, block_bytes_max));
  EXPECT_FALSE(decompress(noise(1, 100), 100, block_bytes_max));
  EXPECT_EQ(decompress(compress(""), 0, 0), "");
}

TEST(CaptureFormat, ChecksumsDependOnEverything) {
  const BlockRow row{.number = 1, .first_time = 2, .last_time = 3, .exchanges = 4, .raw_bytes = 5, .content_hash = 6};
  for (const auto change : {0, 1, 2, 3, 4, 5}) {
    BlockRow other = row;
    if (change == 0) ++other.number;
    if (change == 1) ++other.first_time;
    if (change == 2) ++other.last_time;
    if (change == 3) ++other.exchanges;
    if (change == 4) ++other.raw_bytes;
    if (change == 5) ++other.content_hash;
    EXPECT_NE(checksum_of(row), checksum_of(other)) << change;
  }
  const Seal seal{.closed = true, .blocks = 1, .exchanges = 2};
  Seal open = seal;
  open.closed = false;
  EXPECT_NE(checksum_of(seal, {}, {}), checksum_of(open, {}, {}));
  EXPECT_NE(checksum_of(seal, {{"a", {1, 2}}}, {}), checksum_of(seal, {{"a", {2, 1}}}, {}));
  EXPECT_NE(checksum_of(seal, {}, {{"a", "b"}}), checksum_of(seal, {}, {{"a", "c"}}));
  EXPECT_NE(checksum_of_part(1, 2, 3, "x"), checksum_of_part(1, 3, 3, "x"));
  EXPECT_NE(checksum_of_part(1, 2, 3, "x"), checksum_of_part(1, 2, 3, "y"));
}

}  // namespace
}  // namespace stormproof::replay
