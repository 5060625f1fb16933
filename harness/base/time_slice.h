// Time slice: how soon a thread that wakes gets a processor that others keep busy.
//
// Measured: a timer of the kernel is 0.1 ms late where the machine is idle, and 3 ms where it is not: who runs may finish its
// slice first. A thread that asks for a short slice of its own is let in before that (Linux 6.12 and later; needs no right).
// It gives up its processor as soon in turn. Elsewhere nothing changes.
#pragma once

#include <chrono>

namespace stormproof::base {

// Of the calling thread. False: the kernel does not know of it.
bool ask_for_short_slice(std::chrono::nanoseconds slice = std::chrono::microseconds(100));

}  // namespace stormproof::base
