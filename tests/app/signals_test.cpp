#include "harness/app/signals.h"

#include <gtest/gtest.h>
#include <signal.h>

namespace stormproof::app {
namespace {

TEST(Signals, TheFirstOneIsACallAndDecidesTheExitCode) {
  wire::IoContext io(wire::one_thread);
  int calls = 0;
  const Signals signals(io, [&] { ++calls; });
  EXPECT_EQ(signals.exit_code(ExitCode::pass), ExitCode::pass);
  raise(SIGTERM);
  io.run();
  EXPECT_EQ(calls, 1);
  EXPECT_TRUE(signals.caught());
  EXPECT_EQ(signals.exit_code(ExitCode::pass), ExitCode::terminated);
}

TEST(Signals, ASecondOneHasItsDefaultEffect) {
  EXPECT_EXIT(
      {
        wire::IoContext io(wire::one_thread);
        const Signals signals(io, [] { raise(SIGINT); });
        raise(SIGINT);
        io.run();
      },
      ::testing::KilledBySignal(SIGINT), "");
}

}  // namespace
}  // namespace stormproof::app
