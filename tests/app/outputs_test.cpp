#include "harness/app/outputs.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "tests/support/files.h"
#include "tests/support/temp_dir.h"

namespace stormproof::app {
namespace {

TEST(Outputs, AFileIsReplacedWholeAndNothingIsLeftBeside) {
  const support::TempDir folder;
  const auto file = folder.path() / "x.json";
  ASSERT_TRUE(write_whole(file.string(), "old").has_value());
  ASSERT_TRUE(write_whole(file.string(), "new text").has_value());
  EXPECT_EQ(support::read_file(file).value(), "new text");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
}

TEST(Outputs, WhatCannotBeWrittenIsNamed) {
  const auto written = write_whole("/nonexistent/x.json", "text");
  ASSERT_FALSE(written.has_value());
  EXPECT_NE(written.error().message.find("/nonexistent/x.json"), std::string::npos);
}

}  // namespace
}  // namespace stormproof::app
