#include "tests/support/files.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/support/temp_dir.h"

namespace stormproof::support {
namespace {

TEST(Files, ReadsBackWhatWasWritten) {
  const TempDir dir;
  const std::string bytes("a\0b\r\n\xff", 6);
  ASSERT_TRUE(write_file(dir.path() / "x", bytes).has_value());
  EXPECT_EQ(read_file(dir.path() / "x").value(), bytes);
  ASSERT_TRUE(write_file(dir.path() / "x", "shorter").has_value());
  EXPECT_EQ(read_file(dir.path() / "x").value(), "shorter");
}

TEST(Files, SaysWhyAFileCannotBeRead) {
  const TempDir dir;
  const auto missing = read_file(dir.path() / "none");
  ASSERT_FALSE(missing.has_value());
  EXPECT_EQ(missing.error().message, "cannot open " + (dir.path() / "none").string() + ": No such file or directory");
  EXPECT_FALSE(write_file(dir.path() / "no" / "folder", "x").has_value());
}

class Corpora : public testing::Test {
 protected:
  void SetUp() override {
    if (const char* const told = std::getenv("STORMPROOF_CORPORA")) before_ = told;
  }
  void TearDown() override {
    if (before_) ::setenv("STORMPROOF_CORPORA", before_->c_str(), 1);
    else ::unsetenv("STORMPROOF_CORPORA");
  }

 private:
  std::optional<std::string> before_;
};

TEST_F(Corpora, AreWhereTheEnvironmentSays) {
  const TempDir dir;
  ::setenv("STORMPROOF_CORPORA", dir.path().c_str(), 1);
  EXPECT_EQ(corpora_dir(), dir.path());
}

TEST_F(Corpora, AreNothingWhereTheFolderIsAbsent) {
  const TempDir dir;
  ::setenv("STORMPROOF_CORPORA", (dir.path() / "none").c_str(), 1);
  EXPECT_EQ(corpora_dir(), std::nullopt);
}

}  // namespace
}  // namespace stormproof::support
