// Runs the golden cases of the other files.
#include "tests/scenarios/golden.h"

namespace stormproof::scenarios {
namespace {

TEST_P(Golden, GivesExactlyTheseMessages) {
  const golden::Case& one = GetParam();
  EXPECT_EQ("\n" + golden::messages(golden::broken(one.from, one.to)), one.expected);
}

}  // namespace
}  // namespace stormproof::scenarios
