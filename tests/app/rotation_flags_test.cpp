#include "harness/app/rotation_flags.h"

#include <gtest/gtest.h>

namespace stormproof::app {
namespace {

TEST(RotationFlags, NothingAskedForIsNoRotation) {
  const auto rotation = RotationFlags{}.rotation();
  ASSERT_TRUE(rotation);
  EXPECT_FALSE(rotation->on());
}

TEST(RotationFlags, WhatIsWrittenIsMeant) {
  const auto files = RotationFlags{.size = "1GB", .every = "2h", .keep = "24"}.rotation();
  ASSERT_TRUE(files);
  EXPECT_EQ(files->bytes, 1'000'000'000U);
  EXPECT_EQ(files->every, std::chrono::hours(2));
  EXPECT_EQ(files->keep_files, 24U);
  EXPECT_EQ(files->keep_bytes, 0U);
  const auto bytes = RotationFlags{.size = {}, .every = "1h", .keep = "10GB"}.rotation();
  ASSERT_TRUE(bytes);
  EXPECT_EQ(bytes->keep_files, 0U);
  EXPECT_EQ(bytes->keep_bytes, 10'000'000'000U);
}

TEST(RotationFlags, WhatCannotBeNamesItsFlag) {
  const auto said = [](const RotationFlags& flags) {
    const auto rotation = flags.rotation();
    return rotation ? std::string("nothing") : rotation.error().message;
  };
  EXPECT_TRUE(said({.size = "1", .every = {}, .keep = {}}).starts_with("--rotate-size"));
  EXPECT_TRUE(said({.size = "1KB", .every = {}, .keep = {}}).starts_with("--rotate-size"));
  EXPECT_TRUE(said({.size = {}, .every = "1", .keep = {}}).starts_with("--rotate-every"));
  EXPECT_TRUE(said({.size = {}, .every = "1ms", .keep = {}}).starts_with("--rotate-every"));
  EXPECT_TRUE(said({.size = {}, .every = "1h", .keep = "0"}).starts_with("--keep"));
  EXPECT_TRUE(said({.size = {}, .every = {}, .keep = "3"}).starts_with("--keep"));
}

}  // namespace
}  // namespace stormproof::app
