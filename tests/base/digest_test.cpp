#include "harness/base/digest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

namespace stormproof::base {
namespace {

class DigestTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::path(testing::TempDir()) /
              ("digest-" + std::string(testing::UnitTest::GetInstance()->current_test_info()->name()));
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string file(const std::string& content) const {
    const std::string path = (folder_ / "file").string();
    std::ofstream(path, std::ios::binary) << content;
    return path;
  }

  std::filesystem::path folder_;
};

TEST_F(DigestTest, KnownAnswers) {
  EXPECT_EQ(digest_of(""), "xxh3:2d06800538d394c2") << "of the published test vectors";
  EXPECT_NE(digest_of("a"), digest_of("b"));
}

TEST_F(DigestTest, AFileHasTheDigestOfItsContent) {
  for (const std::size_t size : {0UL, 1UL, 240UL, 241UL, (1UL << 20) + 7, 3UL << 20}) {
    std::string content(size, 'x');
    for (std::size_t at = 0; at < size; at += 97) content[at] = static_cast<char>(at);
    const auto digest = digest_of_file(file(content));
    ASSERT_TRUE(digest) << digest.error().message;
    EXPECT_EQ(*digest, digest_of(content)) << size;
  }
}

TEST_F(DigestTest, WhatIsNoFileIsAnError) {
  const auto absent = digest_of_file((folder_ / "absent").string());
  ASSERT_FALSE(absent);
  EXPECT_THAT(absent.error().message, testing::HasSubstr("No such file"));
  EXPECT_THAT(digest_of_file(folder_.string()).error().message, testing::HasSubstr("not a regular file"));
  const std::string pipe = (folder_ / "pipe").string();
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_THAT(digest_of_file(pipe).error().message, testing::HasSubstr("not a regular file")) << "and nobody waited";
}

}  // namespace
}  // namespace stormproof::base
