#include "tests/support/full_listener.h"

#include <gtest/gtest.h>

#include "tests/support/raw_connection.h"

namespace stormproof::support {
namespace {

TEST(FullListener, TakesNobody) {
  const FullListener full;
  EXPECT_FALSE(RawConnection::connect(full.port(), std::chrono::milliseconds(50)));
}

}  // namespace
}  // namespace stormproof::support
