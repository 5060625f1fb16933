// Machine: what the machine withheld from a thread: for saying why a schedule could not be kept.
//
// Read from /proc; what is not there reads as nothing withheld. Of the calling thread: processor time used, time that it was
// ready and waited for a processor, and how often it was put aside; of all processors: time that a hypervisor took away.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/base/clock.h"

namespace stormproof::base {

struct MachineUse {
  Nanoseconds at{0};       // monotonic
  Nanoseconds on_cpu{0};   // of this thread
  Nanoseconds waiting{0};  // for a processor, of this thread
  std::uint64_t put_aside = 0;
  Nanoseconds stolen{0};  // of all processors together
  Nanoseconds busy{0};    // of all processors together, by whomever
  unsigned processors = 1;
};

// The calling thread's.
MachineUse machine_use();

// What was short between the two, worst first, one clause each; empty: nothing that can be seen from here.
std::vector<std::string> shortages(const MachineUse& before, const MachineUse& after);

}  // namespace stormproof::base
