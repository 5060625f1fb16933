#include "harness/base/time_slice.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <thread>

namespace stormproof::base {
namespace {

// What it does to lateness depends on who else runs: ./dev bench faults measures it. Here: it breaks nothing.
TEST(TimeSlice, AskingLeavesTheThreadWithItsNiceness) {
  std::thread([] {
    const int before = getpriority(PRIO_PROCESS, 0);
    const bool known = ask_for_short_slice();
    EXPECT_EQ(getpriority(PRIO_PROCESS, 0), before);
    EXPECT_EQ(ask_for_short_slice(std::chrono::milliseconds(1)), known) << "again, as before";
  }).join();
}

}  // namespace
}  // namespace stormproof::base
