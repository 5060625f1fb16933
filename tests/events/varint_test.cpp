#include "harness/events/varint.h"

#include <gtest/gtest.h>

#include <limits>

namespace stormproof::events {
namespace {

constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();

TEST(Varint, GoesThereAndBack) {
  for (const std::uint64_t value : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{127}, std::uint64_t{128},
                                    std::uint64_t{16383}, std::uint64_t{16384}, std::uint64_t{1} << 63, most}) {
    std::string bytes;
    put_varint(bytes, value);
    VarintReader reader(bytes);
    EXPECT_EQ(reader.take(), value);
    EXPECT_TRUE(reader.finished()) << value;
  }
}

TEST(Varint, TakesOneByteBelow128AndTenAtMost) {
  std::string bytes;
  put_varint(bytes, 127);
  EXPECT_EQ(bytes.size(), 1U);
  bytes.clear();
  put_varint(bytes, most);
  EXPECT_EQ(bytes.size(), varint_bytes_max);
}

TEST(Varint, RefusesWhatIsTornOrTooLong) {
  for (const std::string& bytes : {std::string(), std::string("\x80"), std::string(9, '\xff'), std::string(10, '\xff'),
                                   std::string(9, '\xff') + "\x02", std::string(11, '\x80')}) {
    VarintReader reader(bytes);
    EXPECT_EQ(reader.take(), 0U);
    EXPECT_TRUE(reader.failed());
    EXPECT_FALSE(reader.finished());
    EXPECT_EQ(reader.take_bytes(0).size() + reader.left(), 0U) << "stays failed";
  }
}

TEST(Varint, TakesNoMoreBytesThanThereAre) {
  VarintReader reader("abc");
  EXPECT_EQ(reader.take_bytes(2), "ab");
  EXPECT_EQ(reader.left(), 1U);
  EXPECT_EQ(reader.take_bytes(most), "");
  EXPECT_TRUE(reader.failed());
}

TEST(Zigzag, MakesNearDifferencesShortInBothDirections) {
  EXPECT_EQ(zigzag(0), 0U);
  EXPECT_EQ(zigzag(most), 1U);  // -1
  EXPECT_EQ(zigzag(1), 2U);
  for (const std::uint64_t value : {std::uint64_t{0}, std::uint64_t{5}, most - 5, std::uint64_t{1} << 63, most}) {
    EXPECT_EQ(unzigzag(zigzag(value)), value);
  }
}

}  // namespace
}  // namespace stormproof::events
