#include "tests/accuracy/real_case.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

namespace stormproof::accuracy {
namespace {

// Every defect has a correct twin of its mechanism, and each subject each setting.
TEST(RealCase, EverySubjectComesInEverySetting) {
  std::vector<std::string> skipped;
  std::map<std::string, std::set<std::string>> settings;
  std::map<std::string, int> twins;  // by expectation
  for (const RealCase& one : real_cases(skipped)) {
    EXPECT_TRUE(settings[one.place.subject].insert(one.place.setting).second) << one.place.subject;
    twins[one.expectation] += one.due == Due::holds ? 1 : 0;
    EXPECT_TRUE(one.prepare);
  }
  EXPECT_GE(settings.size(), 23u);
  for (const auto& [subject, all] : settings) EXPECT_EQ(all.size(), 3u) << subject;
  for (const auto& [expectation, count] : twins) EXPECT_GE(count, 2) << expectation;
}

}  // namespace
}  // namespace stormproof::accuracy
