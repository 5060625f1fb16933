#include "harness/events/packing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stormproof::events {
namespace {

using ::testing::HasSubstr;

TEST(Packing, GoesThereAndBack) {
  for (const std::string& bytes : {std::string(), std::string("a"), std::string(3'000'000, 'x')}) {
    const auto back = unpack(pack(bytes), bytes.size() + 1);
    ASSERT_TRUE(back) << back.error().to_string();
    EXPECT_EQ(*back, bytes);
  }
}

TEST(Packing, RefusesWhatIsNotWhole) {
  const std::string packed = pack("some bytes that are packed");
  for (std::size_t size = 0; size < packed.size(); ++size) EXPECT_FALSE(unpack(packed.substr(0, size), 1000)) << size;
  EXPECT_THAT(unpack(packed + "x", 1000).error().message, HasSubstr("followed by bytes that are not its own"));
  EXPECT_THAT(unpack("no frame at all", 1000).error().message, HasSubstr("damaged"));
  EXPECT_THAT(unpack(pack(std::string(1000, 'x')), 500).error().message, HasSubstr("unpacks to more than 500 bytes"));
}

}  // namespace
}  // namespace stormproof::events
