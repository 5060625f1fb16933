#include "tests/subjects/service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/http.h"
#include "tests/support/temp_dir.h"

namespace stormproof::subjects {
namespace {

TEST(Service, SaysWhyOneIsNotInstalled) {
  const support::TempDir folder;
  EXPECT_EQ(not_installed("golang", folder.path()), std::nullopt);
  const auto why = not_installed("nothing", folder.path() / "none");
  ASSERT_TRUE(why.has_value());
  EXPECT_EQ(*why, "the subject nothing is not installed (./dev subjects installs it)");
}

TEST(Service, WhatDoesNotListenIsAnError) {
  const auto service = Service::start([](std::uint16_t, const std::filesystem::path&) {
    return std::vector<std::string>{"/bin/sh", "-c", "echo no; exit 3"};
  });
  EXPECT_FALSE(service.has_value());
}

}  // namespace
}  // namespace stormproof::subjects
