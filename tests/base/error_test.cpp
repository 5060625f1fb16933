#include "harness/base/error.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace stormproof::base {
namespace {

TEST(Error, SaysOnlyWhatIsKnownOfThePlace) {
  EXPECT_EQ((Error{"no colon"}.to_string()), "no colon");
  EXPECT_EQ((Error{"no colon", "a.yaml"}.to_string()), "a.yaml: no colon");
  EXPECT_EQ((Error{"no colon", "a.yaml", 3}.to_string()), "a.yaml:3: no colon");
  EXPECT_EQ((Error{"no colon", "a.yaml", 3, 7}.to_string()), "a.yaml:3:7: no colon");
}

TEST(Error, LeavesOutAColumnWithoutALineAndALineWithoutAFile) {
  EXPECT_EQ((Error{"no colon", "a.yaml", 0, 7}.to_string()), "a.yaml: no colon");
  EXPECT_EQ((Error{"no colon", "", 3, 7}.to_string()), "no colon");
}

TEST(Error, FailMakesAResultWithoutAValue) {
  const Result<int> result = fail("out of cheese");
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().message, "out of cheese");
  EXPECT_TRUE(result.error().file.empty());
}

TEST(Error, FailErrnoNamesTheCauseInWords) {
  const Result<void> result = fail_errno("cannot open x.traffic", ENOENT);
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().message, "cannot open x.traffic: No such file or directory");
}

}  // namespace
}  // namespace stormproof::base
