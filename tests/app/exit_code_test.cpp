#include "harness/app/exit_code.h"

#include <gtest/gtest.h>

namespace stormproof::app {
namespace {

TEST(ExitCodes, AreTheContractOfThePipelines) {
  EXPECT_EQ(static_cast<int>(ExitCode::pass), 0);
  EXPECT_EQ(static_cast<int>(ExitCode::gate_failed), 1);
  EXPECT_EQ(static_cast<int>(ExitCode::usage), 2);
  EXPECT_EQ(static_cast<int>(ExitCode::invalid_input), 3);
  EXPECT_EQ(static_cast<int>(ExitCode::could_not_run), 4);
  EXPECT_EQ(static_cast<int>(ExitCode::inconclusive), 5);
  EXPECT_EQ(static_cast<int>(ExitCode::internal), 70);
  EXPECT_EQ(static_cast<int>(ExitCode::interrupted), 130);
  EXPECT_EQ(static_cast<int>(ExitCode::terminated), 143);
}

}  // namespace
}  // namespace stormproof::app
