#include "harness/wire/pause.h"

#include <gtest/gtest.h>

#include "harness/base/both.h"
#include "tests/wire/io_run.h"

namespace stormproof::wire {
namespace {

using std::chrono::milliseconds;

base::Task<> wait(Pause& pause, std::chrono::nanoseconds duration, bool& came) {
  came = co_await pause.lasting(duration);
}
base::Task<> interrupt(Pause& pause) {
  pause.interrupt();
  co_return;
}
base::Task<> wait_and_interrupt(Pause& pause, std::chrono::nanoseconds duration, bool& came) {
  co_await base::both(wait(pause, duration, came), interrupt(pause));
}

TEST(Pause, LastsAsLongAsItWasTold) {
  IoRun run;
  Pause pause(run.io);
  bool came = false;
  const auto begin = std::chrono::steady_clock::now();
  run.run(wait(pause, milliseconds(30), came));
  EXPECT_TRUE(came);
  EXPECT_GE(std::chrono::steady_clock::now() - begin, milliseconds(30));
  run.run(wait(pause, milliseconds(-5), came));
  EXPECT_TRUE(came) << "an instant that has passed";
}

TEST(Pause, InterruptEndsThePresentWaitAndLaterOnesUntilRearmed) {
  IoRun run;
  Pause pause(run.io);
  bool came = true;
  run.run(wait_and_interrupt(pause, std::chrono::hours(1), came));
  EXPECT_FALSE(came);
  came = true;
  run.run(wait(pause, std::chrono::hours(1), came));
  EXPECT_FALSE(came);
  pause.rearm();
  run.run(wait(pause, milliseconds(1), came));
  EXPECT_TRUE(came);
}

TEST(Pause, ForeverAndTheLongestDurationAreOnlyInterrupted) {
  IoRun run;
  Pause pause(run.io);
  bool came = true;
  run.run(wait_and_interrupt(pause, std::chrono::nanoseconds::max(), came));
  EXPECT_FALSE(came);
  pause.rearm();
  came = true;
  run.run([](Pause& p, bool& result) -> base::Task<> {
    co_await base::both([](Pause& waiting, bool& r) -> base::Task<> { r = co_await waiting.forever(); }(p, result),
                        interrupt(p));
  }(pause, came));
  EXPECT_FALSE(came);
}

}  // namespace
}  // namespace stormproof::wire
