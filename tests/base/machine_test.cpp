#include "harness/base/machine.h"

#include <gtest/gtest.h>

namespace stormproof::base {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

MachineUse after_ten_seconds() {
  MachineUse use;
  use.at = seconds(10);
  use.on_cpu = seconds(2);
  use.busy = seconds(6);
  use.processors = 2;
  return use;
}

TEST(Machine, AnIdleMachineLacksNothing) { EXPECT_TRUE(shortages({}, after_ten_seconds()).empty()); }

TEST(Machine, EachShortageIsNamedTheWorstFirst) {
  MachineUse use = after_ten_seconds();
  use.waiting = milliseconds(1500);
  use.put_aside = 12;
  use.stolen = milliseconds(400);
  EXPECT_EQ(
      shortages({}, use),
      (std::vector<std::string>{"the sender was ready and had no processor for 1.50 s of 10.0 s (put aside 12 times)",
                                "the hypervisor took 400 ms of 20.0 s processor time"}));
  use = after_ten_seconds();
  use.on_cpu = milliseconds(9900);
  EXPECT_EQ(shortages({}, use), std::vector<std::string>{"the sender used up its processor (99% of it)"});
  use = after_ten_seconds();
  use.busy = seconds(20);
  EXPECT_EQ(shortages({}, use), std::vector<std::string>{"all 2 processors were 100% busy"});
}

TEST(Machine, ThisThreadsUseGrows) {
  const MachineUse before = machine_use();
  volatile std::uint64_t work = 0;
  while (machine_use().on_cpu == before.on_cpu) work = work + 1;
  const MachineUse after = machine_use();
  EXPECT_GT(after.on_cpu, before.on_cpu);
  EXPECT_GT(after.at, before.at);
  EXPECT_GE(after.processors, 1u);
}

}  // namespace
}  // namespace stormproof::base
