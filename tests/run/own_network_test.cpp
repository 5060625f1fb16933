// What is refused; what a network does when it is hurt, killed and healed is in tests/e2e/fault_kills_test.cpp.
#include "harness/run/own_network.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/run/process_faults.h"

namespace stormproof::run {
namespace {

TEST(OwnNetwork, RunsACommandInsideOfItself) {
  const OwnNetwork network({.harness = "10.213.7.1", .service = "10.213.7.2"});
  EXPECT_THAT(network.inside({"./shop", "--port", "1"}),
              testing::ElementsAre("ip", "netns", "exec", network.name(), "./shop", "--port", "1"));
}

TEST(OwnNetwork, ItsUndoesMayBeRunThoughNothingWasMade) {
  const OwnNetwork network({.harness = "10.213.7.1", .service = "10.213.7.2"});
  for (const faults::Undo& undo : {network.healing(), network.removal()}) {
    EXPECT_EQ(undo.kind, faults::Undo::Kind::command);
    EXPECT_TRUE(faults::undo(undo).has_value()) << "and again";
    EXPECT_TRUE(faults::undo(undo).has_value());
  }
}

TEST(OwnNetwork, OnlyWhatTheHarnessMadeIsHurt) {
  scenarios::ProcessFault fault;
  fault.id = "a/process#1";
  fault.kind = scenarios::ProcessFault::Kind::network;
  fault.network.partition = true;
  const auto checked = ProcessFaults::check({fault}, true, false);
  ASSERT_FALSE(checked);
  EXPECT_THAT(checked.error().message, testing::HasSubstr("only a network that stormproof made is hurt"));
}

}  // namespace
}  // namespace stormproof::run
