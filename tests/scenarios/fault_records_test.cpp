#include "scenarios/fault_records.h"

#include <gtest/gtest.h>

#include <set>

namespace stormproof::scenarios {
namespace {

TEST(FaultRecords, NoKeyStandsTwice) {
  std::set<std::string_view> names = {"on"};
  for (const Key& key : message_fault_keys()) EXPECT_TRUE(names.insert(key.name).second) << key.name;
  for (const Key& key : targeting_keys()) EXPECT_TRUE(names.insert(key.name).second) << key.name;
}

TEST(FaultRecords, AProcessFaultHasExactlyOneKind) {
  ASSERT_TRUE(process_fault().choice.has_value());
  EXPECT_TRUE(process_fault().choice->exactly_one);
  EXPECT_EQ(process_fault().choice->of.size(), 9U);
}

}  // namespace
}  // namespace stormproof::scenarios
