#include "tests/support/fd.h"

#include <fcntl.h>
#include <gtest/gtest.h>

namespace stormproof::support {
namespace {

bool is_open(int number) { return ::fcntl(number, F_GETFD) != -1; }

TEST(Fd, ClosesWhatItOwns) {
  int number = -1;
  {
    const Fd fd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    number = fd.number();
    ASSERT_TRUE(is_open(number));
  }
  EXPECT_FALSE(is_open(number));
}

TEST(Fd, MovesItsDescriptor) {
  Fd first(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const int number = first.number();
  Fd second = std::move(first);
  EXPECT_EQ(second.number(), number);
  EXPECT_TRUE(is_open(number));
  second.close();
  EXPECT_FALSE(second.open());
  EXPECT_FALSE(is_open(number));
}

}  // namespace
}  // namespace stormproof::support
