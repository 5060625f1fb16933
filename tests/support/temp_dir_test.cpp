#include "tests/support/temp_dir.h"

#include <gtest/gtest.h>

#include "tests/support/files.h"

namespace stormproof::support {
namespace {

TEST(TempDir, IsFreshAndGoesAwayWithAllInIt) {
  std::filesystem::path path;
  {
    const TempDir dir;
    path = dir.path();
    EXPECT_TRUE(std::filesystem::is_directory(path));
    EXPECT_TRUE(std::filesystem::is_empty(path));
    std::filesystem::create_directory(path / "inner");
    ASSERT_TRUE(write_file(path / "inner" / "file", "x").has_value());
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(TempDir, TwoAreTwo) {
  const TempDir a;
  const TempDir b;
  EXPECT_NE(a.path(), b.path());
}

TEST(TempDir, MovedItIsKeptByTheNewOwner) {
  TempDir a;
  const auto path = a.path();
  {
    const TempDir b = std::move(a);
    EXPECT_EQ(b.path(), path);
    EXPECT_TRUE(std::filesystem::exists(path));
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

}  // namespace
}  // namespace stormproof::support
