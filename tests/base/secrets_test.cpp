#include "harness/base/secrets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>

namespace stormproof::base {
namespace {

TEST(Secrets, AreHiddenWhereverTheyStand) {
  const Secrets secrets({"hunter2", "hunter2-and-more", "a\"b/c"});
  EXPECT_EQ(secrets.hide("hunter2"), "(secret)");
  EXPECT_EQ(secrets.hide("x hunter2 y hunter2-and-more z"), "x (secret) y (secret) z");
  EXPECT_EQ(secrets.hide("GET /t/a%22b%2Fc {\"k\": \"a\\\"b/c\"}"), "GET /t/(secret) {\"k\": \"(secret)\"}");
  EXPECT_EQ(Secrets({"it's me"}).hide("name: 'it''s me'"), "name: '(secret)'");
  EXPECT_EQ(secrets.hide("hunter"), "hunter");
  EXPECT_EQ(secrets.hide(""), "");
}

TEST(Secrets, NoneHideNothing) {
  EXPECT_TRUE(Secrets().empty());
  EXPECT_TRUE(Secrets({"", "abc"}).empty()) << "too short: every text holds them";
  EXPECT_EQ(Secrets({"abc"}).hide("abc"), "abc");
}

// Whatever the secrets are, even parts of the mask or of each other.
TEST(Secrets, WhatComesOutHoldsNone) {
  std::mt19937_64 random(5);
  const auto text_of = [&](std::string_view alphabet, std::size_t size) {
    std::string text;
    for (std::size_t at = 0; at < size; ++at) text += alphabet[random() % alphabet.size()];
    return text;
  };
  for (int round = 0; round < 2000; ++round) {
    const std::string_view alphabet = round % 2 == 0 ? "(secrt)" : "ab[]<>*_h…(";
    std::vector<std::string> values;
    for (std::size_t count = 1 + random() % 3; count > 0; --count)
      values.push_back(text_of(alphabet, 4 + random() % 3));
    const std::string hidden = Secrets(values).hide(text_of(alphabet, 60) + values[0] + text_of(alphabet, 20));
    for (const std::string& value : values) ASSERT_THAT(hidden, testing::Not(testing::HasSubstr(value)));
  }
  EXPECT_THAT(Secrets({"secret"}).hide("my secret"), testing::Not(testing::HasSubstr("secret")));
}

class SecretsInFile : public testing::Test {
 protected:
  void SetUp() override {
    path_ = (std::filesystem::path(testing::TempDir()) /
             ("secrets-" + std::string(testing::UnitTest::GetInstance()->current_test_info()->name())))
                .string();
  }
  void TearDown() override { std::filesystem::remove(path_); }
  void write(const std::string& text) const { std::ofstream(path_, std::ios::binary) << text; }
  std::string text() const {
    std::ifstream in(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  std::string path_;
};

TEST_F(SecretsInFile, AreHiddenAcrossWhatIsReadAtOnce) {
  const Secrets secrets({"hunter2"});
  for (const std::size_t before : {std::size_t{0}, std::size_t{10}, (std::size_t{1} << 20) - 3, std::size_t{2} << 20}) {
    write(std::string(before, 'x') + "hunter2 and hunter2");
    const auto hidden = secrets.hide_in_file(path_);
    ASSERT_TRUE(hidden) << hidden.error().message;
    EXPECT_EQ(text(), std::string(before, 'x') + "(secret) and (secret)") << before;
  }
}

TEST_F(SecretsInFile, AFileThatIsNotThereIsNoError) {
  EXPECT_TRUE(Secrets({"hunter2"}).hide_in_file(path_));
  EXPECT_FALSE(std::filesystem::exists(path_));
  write("hunter2");
  EXPECT_TRUE(Secrets().hide_in_file(path_));
  EXPECT_EQ(text(), "hunter2");
}

}  // namespace
}  // namespace stormproof::base
