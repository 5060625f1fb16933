#include "tests/reports/golden.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace stormproof::reports {

void expect_golden(const std::string& name, const std::string& text) {
  const std::string path = std::string(STORMPROOF_SOURCE_DIR) + "/tests/golden/reports/" + name;
  if (std::getenv("STORMPROOF_UPDATE_GOLDEN") != nullptr) {
    std::ofstream(path, std::ios::binary) << text;
    ADD_FAILURE() << name << " was written anew";
    return;
  }
  std::ifstream file(path, std::ios::binary);
  ASSERT_TRUE(file) << "no golden file " << name;
  std::ostringstream golden;
  golden << file.rdbuf();
  // Line by line, so that a difference can be read.
  std::istringstream expected(golden.str()), actual(text);
  std::string expected_line, actual_line;
  for (int line = 1; std::getline(expected, expected_line); ++line) {
    ASSERT_TRUE(std::getline(actual, actual_line)) << name << " ends before line " << line;
    ASSERT_EQ(expected_line, actual_line) << name << ":" << line;
  }
  EXPECT_EQ(golden.str(), text);
}

void keep_for_looking(const std::string& name, std::string_view text) {
  const std::filesystem::path folder = std::filesystem::path(STORMPROOF_BINARY_DIR) / "reports";
  std::filesystem::create_directories(folder);
  std::ofstream(folder / name, std::ios::binary) << text;
}

}  // namespace stormproof::reports
